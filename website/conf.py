"""What Sphinx is told: pages that need no network, and no machine's paths in them."""

project = "ifcn_lab"
author = "The ifcn_lab authors"
project_copyright = "The ifcn_lab authors; code MIT, prose and figures CC BY 4.0"
extensions = ["myst_parser"]
root_doc = "index"
html_theme = "furo"
html_title = "ifcn_lab"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_theme_options = {"navigation_with_keys": False}
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
myst_links_external_new_tab = False
