"""Other libraries beside ours, one file each: what a user of it writes."""
