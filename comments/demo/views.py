"""The demo pages: plain articles on which the snippet is pasted as a site owner would."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from comments.demo.articles import ARTICLES, DEMO_SITE_KEY


def home(request: HttpRequest) -> HttpResponse:
    return redirect("demo")


def article(request: HttpRequest, slug: str) -> HttpResponse:
    """An article by its slug; the first one's is empty."""
    shown = next((article for article in ARTICLES if article.slug == slug), None)
    if shown is None:
        raise Http404
    others = [article for article in ARTICLES if article is not shown]
    return render(
        request, "kibitz/demo.html", {"article": shown, "others": others, "site_key": DEMO_SITE_KEY}
    )
