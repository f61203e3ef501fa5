"""What spam says in general: a small lexicon, and none of it from a data set.

A site with twenty examples of spam has no statistics of its own yet. What is true of most spam helps it begin
and weighs as much as its own examples say. The words are English, with the commonest calls of some other
languages; whatever else a language has is learned from examples.
"""

import re
from typing import Final

# Whose it is: `my new song`, but not `my favourite song` and not `my daughter's music`.
_OWN: Final = r"(?:my|our|mine|ours)\b(?!\sfav)(?:\s(?!\S+'s\s)\S+){0,2}?\s"
_WORDS: Final = r"(?:\s\S+){0,3}?\s"  # up to three words between
_THING: Final = (
    r"(?:chan+(?:el|le)|page|site|web\s?site|blog|vi[dt][ei]?o?|vid|clip|music|song|cover|rap|track|album|mixtape|"
    r"remix|parody|playlist|profile|account|store|shop|app|game|group|face\s?book|twitter|insta\w*|band|beat|work|"
    r"stuff|link|project|campaign|server|stream|photo|pic(?:ture)?|book|course|offer|product|service)s?"
)
_MAKER: Final = (
    r"(?:rapper|singer|artist|musician|youtuber|producer|songwriter|blogger|gamer|dj|band|channel)"
)
_LOOK: Final = (
    r"(?:che?c?k|look|come|go|visit|click|watch|see|listen|view|search|google|vote|download|join|try|read|give|"
    r"share)"
)

# Each is looked for among a text's words as features.fold leaves them, one space between, <link> for a link.
CUES: Final = {
    name: re.compile(pattern)
    for name, pattern in {
        "subscribe": (
            r"\bsu[bcs]{1,3}\w{0,2}r[ie]b(?:es?|ing)?\b|\bsubs?\b|\babon+(?:iert?|niert?|ez|ne|ati|nez)\b|"
            r"\bsuscri\w+|\binscrev\w+"
        ),
        "follow": (
            r"\b(?:follow|add|join|contact|message|text|call|whatsapp|hit|like|share|help|support|pick)\s"
            r"(?:me|us|my|our|back|up)\b|\bfollow\b"
        ),
        "look": (
            rf"\bche?c?k(?:ing)?{_WORDS}?out\b|\b{_LOOK}\b"
            r"(?:\s(?:it|out|at|to|up|on|over|for|by|a|the|us|me|and|please)){0,3}"
            r"\s(?:(?:my|our|this|these|here|link|site|website|channel|page)\b|<link>|<handle>)"
        ),
        "own": (
            rf"\b{_OWN}{_THING}\b|\b(?:i'm|i\sam|im)\b{_WORDS}{_MAKER}\b|"
            rf"\bi\s(?:make|made|do|did|upload\w*|post\w*|write|wrote|sing|rap|cover|sell)\b{_WORDS}{_THING}\b|"
            rf"\bi\s(?:\w+\s)?(?:get|reach|hit|have|need|want){_WORDS}(?:subs|subscribers|followers|likes|views)\b"
        ),
        "place": (
            r"\b(?:chan+els?|chan+les?|web\s?sites?|blogs?|fan\s?page|face\s?book|twitter|instagram|soundcloud|"
            r"youtubers?|spotify|patreon|telegram|whatsapp|kickstarter|gofundme|itunes|giveaway)\b"
        ),
        "money": (
            r"[$€£]|\b(?:money|cash|earn\w*|income|paid|pay(?:pal|ing|ment)?|dollars?|euros?|bitcoin|crypto|"
            r"invest\w*|profit|loan|salary|prizes?|win|gift\s?cards?|bonus|discount|cheap|offer|buy|sale|donat\w*|"
            r"rich|wealth\w*|jobs?)\b|\bfrom\shome\b|\b(?:a|per|each|every)\s(?:hour|day|week|month)\b"
        ),
        "shady": (
            r"\b(?:casino|viagra|pills?|betting|dating|singles|nudes?|naked|sexy|xxx|porn|escorts?|"
            r"hack(?:s|ed|er|ing)?|cheats?|generator|giveaways?|iphones?|weight|followers|replica|forex|lottery|spell\scaster|loans?)\b"
        ),
        "free": r"\bfree\b|\bgratis\b|\bkostenlos\w*|\bgratuit\w*",
        "begs": r"\b(?:please|pl[sz]+|plea[sz]e+|plizz?|thanks|thank\syou|thx)\b",
        "pleads": (
            r"\bgive\s(?:me|us|it|my|our|this)\b|\ba\s(?:chance|shot|listen|look|try|go)\b|"
            r"\bwould\s(?:\w+\s)?mean\s(?:a\slot|the\sworld|so\smuch|everything)\b|"
            r"\b(?:spam|advertis\w+|promot\w+|regret|disappointed)\b|"
            r"\b(?:spare|take)\s(?:a|one|two|just|\w+)\s(?:sec|second|minute|moment)s?\b|\bsupport\b|"
            r"\b(?:aspiring|upcoming|unsigned|talented|underground|independent)\b|\bi(?:'ll|\swill)\s\w+\sback\b"
        ),
        "chain": (
            r"\b(?:copy\sand\spaste|pass\s(?:this|it)\son|repost|(?:post|send|paste|share)\sthis|stop\sreading|"
            r"reading\sthis|read\sthis|will\sdie|bad\sluck|good\sluck|kissed|jesus|god|lord|bless\w*|pray\w*)\b"
        ),
        "vote": (  # `sub 4 sub` is `sub 0 sub` here
            r"\b(?:thumbs?\sup|up\s?vote|vote\sfor|(?:like|sub|follow|0)\s(?:0|for)\s(?:like|sub|follow)s?|"
            r"likes?\s(?:if|my|our|and\ssub\w*)|leave\sa|drop\sa)\b"
        ),
        "everybody": r"^(?:hey|hi|hello|hallo|dear)\b|\bguys\b|\beveryone\b",
    }.items()
}

# Where a link leads, by the names of well-known hosts; of any other nothing is known in advance.
HOST_KINDS: Final = {
    "shortened": "bit.ly goo.gl tinyurl.com t.co ow.ly is.gd adf.ly tiny.cc cutt.ly rb.gy buff.ly s.id v.gd",
    "video": "youtube.com youtu.be vimeo.com dailymotion.com twitch.tv tiktok.com rumble.com bilibili.com",
    "music": "soundcloud.com spotify.com bandcamp.com itunes.apple.com reverbnation.com mixcloud.com",
    "social": "facebook.com fb.com fb.me twitter.com x.com instagram.com linkedin.com pinterest.com "
    "plus.google.com vk.com reddit.com snapchat.com t.me wa.me discord.gg discord.com mastodon.social",
    "funding": "gofundme.com kickstarter.com patreon.com indiegogo.com paypal.com paypal.me ko-fi.com",
    "shop": "amazon.com ebay.com etsy.com aliexpress.com alibaba.com shopify.com redbubble.com",
    "reference": "wikipedia.org wiktionary.org archive.org github.com stackoverflow.com doi.org imdb.com",
}
KIND_OF_HOST: Final = {host: kind for kind, hosts in HOST_KINDS.items() for host in hosts.split()}
REFERRAL: Final = re.compile(r"[?&/]\w*(?:ref|aff|rid|affiliate|referral|partner|promo)\w*=", re.IGNORECASE)
