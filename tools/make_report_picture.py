"""Writes docs/report.svg: the report of docs/result.example.json in the form of `callytics analyze`.

python tools/make_report_picture.py           writes it
python tools/make_report_picture.py --check   exit code 1 if it is stale
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from pathlib import Path

from rich.console import Console

from callytics.cli.terminal import report
from callytics.result.schema.call import CallResult

DOCS = Path(__file__).resolve().parents[1] / "docs"
PICTURE, EXAMPLE = DOCS / "report.svg", DOCS / "result.example.json"
TITLE = "callytics analyze sample/call.mp3"
WIDTH_CHARACTERS = 110
# Rich names a font on a CDN. The picture loads nothing: each viewer's own monospaced font is used.
FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    if PICTURE.is_file() and PICTURE.read_text(encoding="utf-8") == picture():
        return
    if check:
        print("docs/report.svg is stale: run python tools/make_report_picture.py", file=sys.stderr)
        raise SystemExit(1)
    PICTURE.write_text(picture(), encoding="utf-8")
    print("wrote docs/report.svg")


def picture() -> str:
    """The expected content of the file, independent of the caller's terminal and colours."""
    result = CallResult.model_validate_json(EXAMPLE.read_text(encoding="utf-8"))
    console = Console(
        record=True, file=io.StringIO(), width=WIDTH_CHARACTERS, force_terminal=True, color_system="truecolor",
        legacy_windows=False, _environ={},
    )  # fmt: skip
    console.print(report(result, "sample/call.mp3"))
    svg = FONT_FACE.sub("", console.export_svg(title=TITLE, unique_id="report"))
    return svg.replace("font-family: Fira Code, monospace", "font-family: monospace") + "\n"


if __name__ == "__main__":
    main()
