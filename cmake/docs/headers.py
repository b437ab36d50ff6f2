#!/usr/bin/env python3
"""Public headers as Doxygen reads them: docstrings with their terms as a list, nothing internal.

usage: headers.py FOLDER; in the root of the project. Lines keep their numbers, which warnings name.
"""
import html
import pathlib
import re
import sys


def escaped(text):
    parts = re.split("(`[^`]*`)", text)  # what is quoted stays as it is
    parts[::2] = [re.sub("[@#]", r"\\\g<0>", html.escape(part, False)) for part in parts[::2]]
    return "".join(parts)


def comment(match):
    """Lines of comment as so many of documentation; what is indented further than text is code."""
    out, margin, is_code, first = [], 0, False, 0
    for line in match[0].rstrip("\n").split("\n"):
        line = re.sub(r"^ *(///?|/\*| \*(?!/)) ?|\s*\*/$", "", line)
        term = re.fullmatch(r"([A-Z]\w+(?:, [A-Z]\w+)*)  +(\S.*)", line)
        indent = len(line) - len(line.lstrip())
        was_code, is_code = is_code, bool(line) and not term and indent > margin + 1
        if is_code:
            first = first if was_code else indent
            out.append(" " + line[first:] if was_code else "@code{.cpp} " + line.strip())
            continue
        if was_code:
            out[-1] += " @endcode"
        before = "</dd>" if indent < margin else ""
        if term:
            unlinked = re.sub("(^| )", r"\1%", term[1])
            before += f"{'' if margin else '<dl class=terms>'}<dt>{unlinked}</dt><dd>"
        elif before:
            before += "</dl>"
        margin = 9 if term else min(margin, indent)
        out.append(before + escaped(term[2] if term else line.strip()))
    end = " @endcode" * is_code + ("</dd></dl>" if margin else "") + " */"
    return "/** " + "\n".join(out) + end + "\n" * match[0].endswith("\n")


def blank(match):
    return "\n" * match[0].count("\n")


def public(text, group):
    begin = f"/** @addtogroup {group} */ /** @{{ */"

    def namespace(match):  # without the inline ones
        if match[1] == "END":
            return "/** @} */ }" + "}" * ("NESTED" in match[0])
        inner = f"namespace {match[2]} {{ " if match[2] else ""
        return f"namespace ropewalk {{ {inner}{begin}"

    for pattern, by in (
        (r"^// Definitions -+\n\n(ROPEWALK_END_NAMESPACE)?[\s\S]*", r"\1"),
        (r"^// Options of the device where[\s\S]*", "ROPEWALK_END_NESTED\n"),
        (r"^ROPEWALK_BEGIN_NESTED\(detail\)[\s\S]*?^ROPEWALK_END_NESTED", blank),
        (r"^namespace (detail|ropewalk) {[\s\S]*?^}  // namespace (detail|ropewalk)", blank),
        (r"(^ *///.*\n)*^ *ROPEWALK_INLINE (operator )?const detail::.*\n", blank),
        (r"^ *ROPEWALK_INLINE \w+\(const detail::[\s\S]*?{}\n", blank),
        (r"\A(//.*\n)+", comment),
        (r"^ROPEWALK_(BEGIN|END)_[A-Z]+(?:\((\w+)\))?", namespace),
        (r"^#define ROPEWALK_(ROPEWALK_H|VERSION_HPP)$", begin),
        (r"^#endif .*ROPEWALK_(ROPEWALK_H|VERSION_HPP).*", "/** @} */"),
        (r"^#(ifndef|define|endif).*ROPEWALK_(\w+_(HPP|CUH|H)|EXPORT.*)$", ""),
        # What follows at once on what has a docstring is another form of it.
        (r"(?<=[;}\d]\n)( *)(?=template <|inline constexpr |ROPEWALK_EXPORT |#define ROPEWALK_V|"
         r"ROPEWALK_INLINE (?!constexpr \w+\(|explicit)(constexpr |const )?\w+[*&]? \w+\(\w)",
         r"\1/** As the one above. */ "),
        (r"(^ *///( .*)?\n)+", comment),
        (r"^/\* (?!.*-{9})[\s\S]*?\*/", comment),
        (r"(\S +)/\* (.*) \*/$", r"\1/**< \2 */"),
        (r"\A(/\*\*[\s\S]*?)\*/", r"\1\n@file */"),
        # What is internal in a signature, in words of the public headers.
        (r"detail::Size\b", "Index"),
        (r"detail::DefaultOptions", "FixedOptions<Pairing::interleaved>"),
        (r",\s+class = std::enable_if_t<.*>(?=>\n)|, class Tensor = detail::.*?>|: detail::\w+", ""),
        (r"^detail::ViewOf.* (?=as_view)", "auto "),
        (r"= (typename )?detail::[^;]*;", "= unspecified;"),
    ):
        text = re.sub("(?m)" + pattern, by, text)
    return text


folder = pathlib.Path(sys.argv[1])
for line in pathlib.Path(__file__).with_name("groups.tsv").read_text().splitlines():
    name, group = line.split("\t")
    written = folder / "ropewalk" / name
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(public(pathlib.Path("include/ropewalk", name).read_text(), group))
