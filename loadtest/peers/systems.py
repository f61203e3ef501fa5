"""What an owner pastes for each system, and by what its comments and its composer are known."""

from dataclasses import dataclass
from typing import Final

from loadtest.peers.install import ARTALK, ISSO, TWIKOO, WALINE


@dataclass(frozen=True, slots=True)
class System:
    """`snippet` knows {kibitz}, {site}, {service} and {files}; the selectors are CSS."""

    name: str
    version: str
    snippet: str
    comment: str
    composer: str
    server: str


SYSTEMS: Final = (
    System(
        "Kibitz",
        "this one",
        '<script async src="{kibitz}/embed.js" data-site="{site}" data-page-id="peers"></script>',
        "article.post .body",
        "form.composer textarea",
        "./run stack",
    ),
    System(
        "Isso",
        ISSO,
        '<script data-isso="{service}/isso/" src="{service}/isso/js/embed.min.js"></script>'
        '<section id="isso-thread"></section>',
        ".isso-comment[id] .isso-text",
        ".isso-postbox textarea, .isso-postbox [contenteditable]",
        "its own",
    ),
    System(
        "Waline",
        WALINE,
        '<link rel="stylesheet" href="{files}/@waline/client/dist/waline.css"><div id="waline"></div>'
        '<script type="module">import {{ init }} from "{files}/@waline/client/dist/waline.js";'
        ' init({{ el: "#waline", serverURL: "{service}/waline", path: "/peers", lang: "en", pageSize: 50,'
        " emoji: false, search: false, imageUploader: false }});</script>",
        ".wl-card .wl-content",
        "textarea.wl-editor",
        "stub",
    ),
    System(
        "Artalk",
        ARTALK,
        '<link rel="stylesheet" href="{files}/artalk/dist/Artalk.css"><div id="artalk"></div>'
        '<script src="{files}/artalk/dist/Artalk.js"></script><script>Artalk.init({{ el: "#artalk",'
        ' pageKey: "/peers", pageTitle: "peers", server: "{service}/artalk", site: "peers", locale: "en",'
        " emoticons: false, pagination: {{ pageSize: 50 }} }});</script>",
        ".atk-comment .atk-content",
        "textarea.atk-textarea",
        "stub",
    ),
    System(
        "Twikoo",
        TWIKOO,
        '<div id="twikoo"></div><script src="{files}/twikoo/dist/twikoo.min.js"></script>'
        '<script>twikoo.init({{ envId: "{service}/twikoo", el: "#twikoo", path: "/peers", lang: "en" }});'
        "</script>",
        ".tk-comment .tk-content",
        ".tk-submit textarea",
        "stub",
    ),
)
PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>peers</title>
<link rel="icon" href="data:,">
<style>body {{ max-width: 44rem; margin: auto; font: 1rem/1.5 sans-serif }}</style>
<h1>An article</h1>
<p>It is short, so that its comments are on the first screen.</p>
{snippet}
<footer>The end.</footer>
"""


def page(system: System, **addresses: str) -> str:
    return PAGE.format(snippet=system.snippet.format(**addresses))
