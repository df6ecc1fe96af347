"""A section of docs/quality.md that has a command of its own: between two marks, so that it is replaced, not added."""

from __future__ import annotations

from dataclasses import dataclass

from callytics.errors import InvalidRequestError


@dataclass(frozen=True)
class Section:
    """
    Attributes:
        name: what the marks name.
        ahead_of: the heading before which a new section goes; "" for the end of the page.
    """

    name: str
    ahead_of: str = ""

    @property
    def begin(self) -> str:
        return f"<!-- {self.name}: begin -->"

    @property
    def end(self) -> str:
        return f"<!-- {self.name}: end -->"

    def block(self, *parts: str) -> str:
        """Paragraphs between the marks."""
        return "\n\n".join([self.begin, *(part.strip() for part in parts), self.end])

    def replaced(self, page: str, block: str) -> str:
        """The page with the block, which has its marks, in the place of the one before.

        Raises:
            InvalidRequestError: ``marks_broken``: the page would keep figures of an earlier run.
        """
        self.check(page)
        before, begin, rest = page.partition(self.begin)
        if begin:
            return f"{before}{block}{rest.partition(self.end)[2]}"
        before, heading, rest = page.partition(self.ahead_of) if self.ahead_of else (page, "", "")
        return f"{before.rstrip()}\n\n{block}\n" + (f"\n{heading}{rest}" if heading else "")

    def carried_over(self, before: str, page: str) -> str:
        """A new page with the section of the one before, for a section that a full evaluation does not measure."""
        self.check(before)
        _, begin, rest = before.partition(self.begin)
        return self.replaced(page, f"{begin}{rest.partition(self.end)[0]}{self.end}") if begin else page

    def check(self, page: str) -> None:
        """One mark without the other, or twice, is a merge gone wrong.

        Raises:
            InvalidRequestError: ``marks_broken``.
        """
        found = [mark for mark in (self.begin, self.end) for _ in range(page.count(mark))]
        if found not in ([], [self.begin, self.end]) or page.find(self.begin) > page.find(self.end):
            raise InvalidRequestError(
                "marks_broken",
                f"The page has the marks {found} of its section on {self.name}, not one of each in order. Mend it by "
                "hand, or delete the section with its marks.",
            )
