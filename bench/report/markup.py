"""The pieces of the page: its style, pictures with the reader's ink, tables."""

from __future__ import annotations

from html import escape

from .style import INK

CSS = """
:root { color-scheme: light dark; --ink: #1b2a3c; --paper: #fff; --soft: #6b7684; --line: #d8dde3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #dbe2ea; --paper: #14181d; --soft: #97a3b0; --line: #2f3842; } }
@media print { :root { --ink: #000; --paper: #fff; } details { display: none; }
  figure, table { break-inside: avoid; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
figure { margin: 1.5rem 0; } figure svg { max-width: 100%; height: auto; color: var(--ink); }
figcaption, .soft { color: var(--soft); font-size: .9rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .7rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; } .wide { overflow-x: auto; }
summary { cursor: pointer; margin: .5rem 0; }
"""


def figure(picture: str, caption: str, label: str) -> str:
    """Inline, so that its ink is the reader's, with a text for those who cannot see it."""
    drawn = picture.replace(INK, "currentColor")
    drawn = drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"


def unique(picture: str, number: int) -> str:
    """Pictures of one page must not share the names of their clips and marks."""
    for before in ('id="', 'href="#', 'url(#'):
        picture = picture.replace(before, f"{before}p{number}-")
    return picture


def table(heads: list[str], rows: list[list[str]], numbers: tuple[int, ...] = ()) -> str:
    def cells(tag: str, values: list[str]) -> str:
        return "".join(
            f"<{tag}{' class=number' if index in numbers else ''}>{escape(value)}</{tag}>"
            for index, value in enumerate(values)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<div class=wide><table><tr>{cells('th', heads)}</tr>{body}</table></div>"


def section(title_of: str, *parts: str) -> str:
    inner = "".join(part for part in parts if part)
    return f"<h2>{escape(title_of)}</h2>{inner}" if inner else ""


def bullets(sentences: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in sentences) + "</ul>"
