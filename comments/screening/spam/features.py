"""What is seen in a text before anybody learns from it: words, pairs of words, links, cues, looks; pure."""

import re
import unicodedata
from html import unescape
from typing import Final, NamedTuple

from comments.screening.spam.cues import CUES, KIND_OF_HOST, REFERRAL

VERSION: Final = 1  # a model knows features by name: whoever changes what a name means counts on

HEAD_CHARS: Final = 2_000  # of a longer text its beginning and its end are read, so that none takes long
TAIL_CHARS: Final = 1_000
WORDS_WEIGHT: Final = 3.0  # all words and pairs of a text together, beside 1 for each cue and look
_MANY_CAPITALS: Final = 0.6

_SCHEME = r"(?:https?://|www\.)[^\s<>\"]++"
_BARE = (
    r"(?<![\w@.-])[\w-]{2,63}(?:\.[\w-]{1,63}){0,4}?\.(?:"
    r"(?:com|net|org|info|biz|edu|gov|io|co|tv|ru|uk|de|fr|es|br|jp|cn|eu|nl|pl|ro|gl|ly|xyz|top|club|online|site|"
    r"shop|app|dev)\b(?:/[^\s<>\"]*+)?"
    r"|[a-z]{2,8}/\w[^\s<>\"]*+)"  # `.me`, `.it` and others are words as well: they need a path
)
_SPACED = (
    r"(?<![\w@.-])[\w-]{3,63}(?:\s{0,2}\.\s{0,2}|\s?[(\[]dot[)\]]\s?)(?:com|net|org)\b"  # "example . com"
)
# Scripts without spaces between words: each character is a word of its own, so pairs are of characters.
_UNSPACED = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_LETTER = r"[^\W_]|[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff]"
_TOKEN: Final = re.compile(
    rf"(?P<mail>(?<![\w.+-])[\w.+-]{{1,64}}@[\w-]{{1,63}}\.[\w.-]{{1,63}})|(?P<link>{_SCHEME}|{_BARE}|{_SPACED})"
    rf"|(?P<handle>(?<!\w)[@#][\w.]{{2,64}})|(?P<word>{_UNSPACED}"
    rf"|(?:(?!{_UNSPACED})(?:{_LETTER}))++(?:['’](?:{_LETTER})++)*+|[$€£])",
    re.IGNORECASE,
)
_LINE_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_REPEATED: Final = re.compile(r"(.)\1{2,}")
_HOST: Final = re.compile(r"(?:https?://)?(?:www\.)?([^/?#:\s]+)", re.IGNORECASE)

# What a moderator is told of a feature that stands for no words. Its name begins as no word does.
LOOKS: Final = {
    ":link": "link",
    ":links": "several links",
    ":link shortened": "shortened link",
    ":referral": "link that pays its sender",
    ":mail": "e-mail address",
    ":handle": "@name or #tag",
    ":capitals": "mostly capitals",
    ":exclaims": "many exclamation marks",
    ":asks": "question",
    ":digits": "numbers",
    ":lines": "several lines",
    ":length 0": "very short",
    ":length 4": "very long",
}


class Seen(NamedTuple):
    """One feature of a text: its name and its size there, and which of the text's words it is about, from and
    to; none where it is about the text's looks."""

    name: str
    value: float
    begin: int = 0
    end: int = 0


class Reading(NamedTuple):
    """A text as it is learned from. `words` are its own, as a moderator reads them."""

    words: list[str]
    seen: list[Seen]

    def values(self) -> dict[str, float]:
        """Each feature once, in order of its first appearance; a name has one size in a text."""
        return {one.name: one.value for one in self.seen}


def read(text: str) -> Reading:
    """The text's features; the same for the same text, for any text at all."""
    text = _ends(visible(_ends(text)))
    words, folded, links = _words(text)
    grams = _grams(folded)
    # Long texts have more words, and would be judged by their length alone.
    size = WORDS_WEIGHT / max(1.0, len({name for name, _, _ in grams}) ** 0.5)
    looks = [Seen(f":{name}", 1.0) for name in _looks(text, folded, links)]
    return Reading(
        words, [*looks, *_cues(folded), *(Seen(name, size, begin, end) for name, begin, end in grams)]
    )


def _ends(text: str) -> str:
    return text if len(text) <= HEAD_CHARS + TAIL_CHARS else f"{text[:HEAD_CHARS]} {text[-TAIL_CHARS:]}"


def visible(text: str) -> str:
    """Composed, with typography told by plain characters, without what has no look (which hides words from
    filters), and with the HTML of texts from elsewhere undone."""
    if "<" in text or "&" in text:
        text = unescape(_LINE_BREAK.sub("\n", text))
    if text.isascii():
        return text.strip()
    composed = unicodedata.normalize("NFKC", text)
    return "".join(char for char in composed if unicodedata.category(char) not in {"Cf", "Cs"}).strip()


def fold(word: str) -> str:
    """The word without case, accents, and letters drawn out: `Sooooo` is `soo`, numbers are their length."""
    if word.isdigit():
        return "0" * min(len(word), 4)
    word = word.casefold()
    if not word.isascii():
        parts = unicodedata.normalize("NFKD", word.replace("’", "'"))
        word = (
            unicodedata.normalize("NFC", "".join(c for c in parts if not "\u0300" <= c <= "\u036f")) or word
        )
    return _REPEATED.sub(r"\1\1", word)


def kind_of(host: str) -> str:
    """What is known of a host, or of the one that it is a part of."""
    parts = host.split(".")
    return next((k for at in range(len(parts)) if (k := KIND_OF_HOST.get(".".join(parts[at:])))), "elsewhere")


def _words(text: str) -> tuple[list[str], list[str], list[str]]:
    """The words as they stand and as they are compared, and the links."""
    words, folded, links = [], [], []
    for match in _TOKEN.finditer(text):
        kind, word = match.lastgroup, match[0]
        words.append(word)
        folded.append(fold(word) if kind == "word" else f"<{kind}>")
        if kind == "link":
            links.append(word)
    return words, folded, links


def _looks(text: str, folded: list[str], links: list[str]) -> list[str]:
    looks = [f"length {sum(len(folded) >= bound for bound in (4, 8, 16, 32))}"]
    if links:
        hosts = [found[1].casefold() for link in links if (found := _HOST.match(link))]
        looks += sorted({f"host {host}" for host in hosts} | {f"link {kind_of(host)}" for host in hosts})
        facts = {
            "link": True,
            "links": len(links) > 1,
            "referral": any(REFERRAL.search(link) for link in links),
        }
        looks += [name for name, is_so in facts.items() if is_so]
    letters = sum(map(str.isalpha, text))
    facts = {
        "mail": "<mail>" in folded,
        "handle": "<handle>" in folded,
        "capitals": letters > 8 and sum(map(str.isupper, text)) > _MANY_CAPITALS * letters,
        "exclaims": text.count("!") >= 3,
        "asks": "?" in text,
        "digits": any(word.startswith("0") for word in folded),
        "lines": "\n" in text,
    }
    return looks + [name for name, is_so in facts.items() if is_so]


def _cues(folded: list[str]) -> list[Seen]:
    """The lexicon's cues, and that there are several, each with the words it was found in."""
    text = " ".join(folded)
    seen = []
    for name, pattern in CUES.items():
        if found := pattern.search(text):
            begin = text.count(" ", 0, found.start())
            seen.append(Seen(f":cue {name}", 1.0, begin, begin + found[0].count(" ") + 1))
    different = len(seen) + ("<link>" in folded)
    return seen + [Seen(f":cues {count}", 1.0) for count in (2, 3) if different >= count]


def _grams(folded: list[str]) -> list[tuple[str, int, int]]:
    """Words and pairs, with the text's begin and end as words; each with the words it covers."""
    last = len(folded)
    grams = [(word, at, at + 1) for at, word in enumerate(folded)]
    pairs = zip(["^", *folded], [*folded, "$"], strict=True)
    return grams + [(f"{a} {b}", max(at - 1, 0), min(at + 1, last)) for at, (a, b) in enumerate(pairs)]
