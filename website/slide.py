"""What stands on a slide, and when it is full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

ROOM = 520
"""Height of a slide below its title, in pixels of a slide of 1280 x 720."""
WIDTH = 82
"""Letters of prose on a line."""
LINE, CODE, PRINTED, GAP = 42, 29, 27, 20

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_FORMAT = HtmlFormatter(nowrap=True)


class Deck:
    """Slides in the making: what is added goes on a new one when the last is full."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.title, self.level, self.part = "", 1, 0
        self.parts: list[str] = []
        self.used = 0

    def head(self, title: str, level: int) -> None:
        """Begin a slide with a title, given as HTML."""
        self.turn()
        self.title, self.level, self.part = title, level, 0

    def add(self, html: str, height: int, kind: str = "") -> None:
        """Put something on the slide, or on the next one if it does not fit."""
        if self.used and self.used + height > ROOM:
            self.turn()
        self.parts.append(html)
        self.used += height
        if kind:
            self.turn(kind)

    def turn(self, kind: str = "") -> None:
        """End the slide; the next one has the same title until another is set."""
        if self.parts or (self.title and not self.part):
            more = f' <span class="part">{self.part + 1}</span>' if self.part else ""
            heading = f"<h{self.level}>{self.title}{more}</h{self.level}>"
            first = "first" if not self.done else kind
            body = "\n".join([heading, *self.parts])
            self.done.append(f'<section class="{first}">\n{body}\n</section>')
            self.part += 1
        self.parts, self.used = [], 0

    def sections(self) -> list[str]:
        """Every slide, the last one ended."""
        self.turn()
        return self.done

    def prose(self, text: str) -> None:
        """Add Markdown, block by block; what is folded in it is left out."""
        for tokens in _blocks(_MARKDOWN.parse(text)):
            first = tokens[0]
            html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
            if first.type == "heading_open":
                title = _MARKDOWN.renderer.render(tokens[1:2], _MARKDOWN.options, {})
                self.head(title, int(first.tag[1]))
            else:
                self.add(html, _height(tokens))

    def code(self, text: str) -> None:
        """Add Python in its colours."""
        html = highlight(text, PythonLexer(), _FORMAT).rstrip("\n")
        height = CODE * len(text.splitlines()) + 2 * GAP
        self.add(f'<pre class="code" tabindex="0"><code>{html}</code></pre>', height)

    def printed(self, text: str) -> None:
        """Add what a cell printed; a long print is set small enough for its slide."""
        lines = text.rstrip().splitlines()
        wide = max(map(len, lines), default=0)
        size = min(22.0, 0.8 * ROOM / max(1, len(lines)), 1900 / max(1, wide))
        style = f' style="font-size: {size:.1f}px"' if size < 22 else ""
        html = f'<pre class="printed" tabindex="0"{style}>{escape(text.rstrip())}</pre>'
        self.add(html, min(ROOM, PRINTED * len(lines) + 2 * GAP))

    def figure(self, picture: str, alt: str) -> None:
        """A slide with one figure."""
        words = escape(" ".join(alt.split()))
        self.add(f'<img src="{picture}" alt="{words}">', ROOM, "figure")

    def widget(self, page: str, title: str) -> None:
        """A slide with one widget, alive."""
        frame = f'<iframe data-src="{page}" title="{title}: a widget to move"></iframe>'
        self.add(f'<div class="frame">{frame}</div>', ROOM, "widget")


def colours() -> str:
    """Style sheet for code, light and dark, of enough contrast in both."""
    light, dark = (
        HtmlFormatter(style=f"a11y-high-contrast-{name}").get_style_defs(".code")
        for name in ("light", "dark")
    )
    night = HtmlFormatter(style="a11y-high-contrast-dark").get_style_defs(
        '[data-theme="dark"] .code')
    return (f"{light}\n@media (prefers-color-scheme: dark) {{\n"
            + dark.replace(".code", ':root:not([data-theme="light"]) .code')
            + f"\n}}\n{night}\n")


def _blocks(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Group tokens by blocks of the page; leave out links, raw HTML, what is folded."""
    block: list[Token] = []
    folded = 0
    for token in tokens:
        if token.type == "html_block":
            tags = token.content.lower()
            folded += tags.count("<details") - tags.count("</details")
            continue
        if folded:
            continue
        token.children = [child for child in token.children or []
                          if child.type not in ("link_open", "link_close")]
        block.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield block
            block = []


def _height(tokens: Sequence[Token]) -> int:
    """About how high a block will be, in pixels of the slide."""
    texts = [t.content for t in tokens if t.type == "inline" or t.type == "fence"]
    if tokens[0].type == "table_open":
        rows = sum(t.type == "tr_open" for t in tokens)
        return (LINE + 16) * rows + GAP
    lines = sum(-(-len(text.replace("\n", " ")) // WIDTH) for text in texts)
    return LINE * lines + GAP * max(1, len(texts))
