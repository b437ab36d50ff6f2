"""python -m report: what bench/run calls for --report and --compare."""

import sys

from . import options


def main(arguments: list[str]) -> int:
    chosen = options.parse(arguments)
    if chosen.compare:
        from . import compare

        return compare.main(chosen.compare, chosen.new[0], chosen.slower)
    from . import report  # after the options: what it loads takes a while

    if chosen.publish:
        return report.publish_runs(chosen.new, chosen.publish)
    return report.make(chosen, ["bench/run", *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
