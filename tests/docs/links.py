#!/usr/bin/env python3
"""Fails where a page leads to a file or a place in one that does not exist, or shows none.

usage: links.py FOLDER, that of the pages
"""
import functools
import pathlib
import re
import sys
import urllib.parse

folder = pathlib.Path(sys.argv[1])


@functools.cache
def places(page):
    return set(re.findall(r'(?:id|name)="([^"]+)"', page.read_text(errors="replace")))


failures = set()
pages = sorted(folder.glob("*.html"))
for page in pages:
    for target in re.findall(r'(?:href|src)="([^"]+)"', page.read_text(errors="replace")):
        url = urllib.parse.urlsplit(target)
        if url.scheme or url.netloc:
            continue
        file = page.parent / urllib.parse.unquote(url.path) if url.path else page
        if not file.exists() or (url.fragment and file.suffix == ".html"
                                 and url.fragment not in places(file)):
            failures.add(f"FAILED  {page.name} leads to {target}")
print(*sorted(failures), sep="\n", end="\n" if failures else "")
sys.exit(bool(failures) or not pages)
