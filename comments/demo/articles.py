"""The demo's articles."""

from dataclasses import dataclass
from typing import Final

DEMO_SITE_KEY: Final = "demo"


@dataclass(frozen=True, slots=True)
class Article:
    """`recording` is the file of real comments that fills the page's thread where it is at hand."""

    slug: str
    title: str
    lead: str
    paragraphs: tuple[str, ...]
    recording: str

    @property
    def path(self) -> str:
        return f"/demo/{self.slug}/" if self.slug else "/demo/"


ARTICLES: Final = (
    Article(
        slug="",
        title="The video that outgrew its counter",
        lead=(
            "In December 2014 a music video ran out of numbers, and an audience noticed before the "
            "engineers did."
        ),
        paragraphs=(
            (
                "“Gangnam Style” was the first video to be watched a billion times. Two years later it "
                "came close to 2,147,483,647, which is where a signed 32-bit integer ends. Nobody who "
                "chose that type had been careless: until then no video had come anywhere near."
            ),
            (
                "What makes the story worth telling is not the integer. It is that a thing made for a "
                "local audience was taken up by all the others at once, and that the people watching "
                "talked to each other the whole time, underneath, thousands of comments an hour."
            ),
            "Add your own below. Open this page in a second window first, and watch it arrive.",
        ),
        recording="Youtube01-Psy.csv",
    ),
    Article(
        slug="roar",
        title="A chorus built to be sung by strangers",
        lead="“Roar” has a melody of five notes and a crowd of millions. The two facts are related.",
        paragraphs=(
            (
                "A chorus that spans a fifth can be sung by almost anybody, in almost any key, in a car. "
                "That is a design decision, and a generous one: the song leaves room for the people who "
                "are not on the record."
            ),
            (
                "Comment sections work in the same way. The ones that last ask for very little, a name "
                "and a sentence, and give the sentence a place among the others at once."
            ),
        ),
        recording="Youtube02-KatyPerry.csv",
    ),
    Article(
        slug="party-rock",
        title="Everybody shuffles, nobody leads",
        lead=(
            "A dance step spread from Melbourne’s clubs to everywhere, mostly by people filming their "
            "own feet."
        ),
        paragraphs=(
            (
                "The shuffle was fifteen years old when “Party Rock Anthem” made it a chorus. It had "
                "travelled by video tape, then by upload, each dancer copying the last and changing a "
                "little."
            ),
            (
                "Nobody published a manual. The comments were the manual: which foot, which shoes, "
                "slower, there, again."
            ),
        ),
        recording="Youtube03-LMFAO.csv",
    ),
)
