"""An IPython extension: beside each widget that is shown, its page of its own.

`lessons.build` loads it into the kernel that runs a notebook. A widget's output then
holds, besides what it always holds, the page that `save_html` would write and the
widget's words: the builder takes a picture of the page, the site shows it.
"""

from __future__ import annotations

from typing import Any

PAGE = "application/x-ifcn-page"


def load_ipython_extension(shell: Any) -> None:
    """Let every widget of this kernel bring its page along."""
    from ifcn_lab.widgets.explorable import Explorable

    plain = Explorable._repr_mimebundle_

    def with_page(self: Explorable, **options: Any) -> tuple[dict, dict] | None:
        bundle = plain(self, **options)
        if bundle is None:
            return None
        data, metadata = bundle
        alt = self.problem or self.words()
        return {**data, PAGE: self.html()}, {**metadata, PAGE: {"alt": alt}}

    Explorable._repr_mimebundle_ = with_page
