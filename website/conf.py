"""What Sphinx is told: pages that need no network, and no machine's paths in them."""

from typing import Any

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
templates_path = ["templates"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
myst_links_external_new_tab = False


def plain_captions(app: Any, page: str, name: str, context: dict, tree: Any) -> None:
    """Captions at the side are no headings: they stand before the page's first."""
    side = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = side.replace(' role="heading"', "")


def setup(app: Any) -> None:
    """Mend what the theme has made of the list of pages."""
    app.connect("html-page-context", plain_captions, priority=900)
