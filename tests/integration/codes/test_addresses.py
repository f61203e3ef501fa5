"""Where codes go: to addresses that are some, each written in one way, with words that are ours."""

import pytest

from comments.identity.members import member_by_email, normal_email
from comments.signin.codes import is_address
from comments.sites.models import Site
from tests.cast import ORIGIN, Person
from tests.integration.codes.readers import ask, mail_of, sent, typed


@pytest.mark.parametrize(
    ("referer", "host"),
    [
        ("https://comments.example.org/embed/blog/?url=https://two.example/a/", "two.example"),
        ("https://comments.example.org/embed/blog/?url=https://evil.example/", "blog.example.org"),
        ("https://comments.example.org/embed/blog/?" + "&url=x" * 50, "blog.example.org"),
        ("http://[", "blog.example.org"),
        ("", "blog.example.org"),
    ],
)
def test_the_mail_names_a_page_of_the_site_and_no_other(
    reader: Person, site: Site, referer: str, host: str
) -> None:
    Site.objects.update(origins=[ORIGIN, "https://two.example"])

    answer = ask(reader, headers={"Referer": referer})

    assert mail_of(answer.data["id"]).context["where"] == f"The blog ({host})"


def test_a_site_without_name_and_origins_is_named_by_its_key(reader: Person, site: Site) -> None:
    Site.objects.update(name="", origins=[])

    code_id, _ = sent(reader)

    assert mail_of(code_id).context["where"] == "blog"


@pytest.mark.parametrize(
    "lang", ["", "en", "pt-BR", "xx", "../../etc", "JA", "ar-EG", "\u0130", "zh-Hant-TW"]
)
def test_every_language_that_is_asked_for_is_one_that_there_is(reader: Person, lang: str) -> None:
    code_id, _ = sent(reader, lang=lang)

    assert mail_of(code_id).language in {"en", "ja", "ar"}


BAD_ADDRESSES = [
    *("", "ann", "ann@", "@example.org", "ann@localhost", "ann@[127.0.0.1]", "ann@127.0.0.1", "root@-.org"),
    *(
        "ann@example.org\nBcc: bob@example.org",
        "ann@exa\nmple.org",
        "ann\r\n@example.org",
        "ann@example..org",
    ),
    *('"ann"@example.org', '"a\\\x01"@example.org', "ann@example.org, bob@example.org", "a b@example.org"),
    *("änn@example.org", "\u212aate@example.org", "ann\u0131@example.org", ".ann@example.org"),
    *(
        "ann@" + "a" * 64 + ".org",
        "a" * 65 + "@example.org",
        "ann@" + "a." * 200 + "org",
        "\x00@example.org",
        "ann@\ud800.org",
        "\ud800@example.org",
    ),
    *("<script>@example.org", "ann@exa\u2028mple.org", "ann@\u200bexample.org;", "ann@example.org."),
]


@pytest.mark.parametrize("email", [*BAD_ADDRESSES, 7, None, ["ann@example.org"], {"a": 1}, "a" * 5_000])
def test_what_is_no_address_is_said(reader: Person, email: object) -> None:
    answer = ask(reader, email)

    assert (answer.status, list(answer.data["fields"])) == (400, ["email"])


@pytest.mark.parametrize("email", ["a" * 64 + "@" + ".".join(["b" * 62] * 2 + ["c" * 59, "org"])])
def test_the_longest_address(reader: Person, email: str) -> None:
    assert len(email) == 254

    assert typed(reader, *sent(reader, email)).status == 200
    assert ask(reader, "x" + email).status == 400


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ann@Bücher.example", "ann@xn--bcher-kva.example"),
        ("ANN@xn--BCHER-kva.example", "ann@xn--bcher-kva.example"),
        ("ann@ｅｘａｍｐｌｅ.org", "ann@example.org"),
        ("ann@exa\u212aple.org", "ann@exakple.org"),
        ("\u212aate@example.org", "\u212aate@example.org"),  # is not kate
        ("ann", "ann"),
        ("", ""),
    ],
)
@pytest.mark.one_database
def test_an_address_is_written_in_one_way(written: str, kept: str) -> None:
    assert normal_email(written) == kept


def test_a_domain_that_looks_like_another_is_somebody_else(reader: Person, site: Site) -> None:
    ann, _ = member_by_email(site, "ann@example.org", name="Ann")
    code_id, code = sent(reader, "ann@ex\u0430mple.org")  # a Cyrillic a

    answer = typed(reader, code_id, code)

    assert mail_of(code_id).to == "ann@xn--exmple-4nf.org"
    assert answer.data["author"]["key"] != ann.public_key


@pytest.mark.one_database
def test_addresses_that_are_none_are_none() -> None:
    assert [email for email in BAD_ADDRESSES if is_address(normal_email(email))] == []
    assert is_address("o'neil+blog@mail.example.co.uk")
    assert is_address("ann@xn--bcher-kva.xn--p1ai")
