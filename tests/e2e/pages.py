"""A page for people as a parser reads it that mends nothing: what a browser
would put right in silence is an error here."""

from html.parser import HTMLParser

VOID = {"br", "img", "input", "link", "meta"}
TEXT_ONLY = {"title", "textarea", "option"}


class Page(HTMLParser):
    """elements  [(tag, {attribute: value})] in their order
    words     {tag: [the text within each such element, without its own]}
    text      all that is read in <main>
    """

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        assert text.startswith("<!doctype html>\n"), text[:40]
        self.elements = []
        self.words = {}
        self.text = ""
        self.open = []
        self.feed(text)
        self.close()
        assert not self.open, self.open
        self.check()

    def check(self):
        """What holds of every page, and what a reader by ear goes by."""
        tags = [tag for tag, _ in self.elements]
        for tag in "html", "head", "title", "body", "main", "h1":
            assert tags.count(tag) == 1, (tag, tags)
        assert self.of("html")[0]["lang"] in ("en", "ko")
        assert tags.index("h1") > tags.index("main")
        level = 0
        for tag in tags:
            if tag in ("h1", "h2", "h3"):
                assert int(tag[1]) <= level + 1, tags
                level = int(tag[1])
        for image in self.of("img"):
            assert {"alt", "width", "height"} <= set(image), image
        for tag, attributes in self.elements:
            assert "style" not in attributes, (tag, attributes)
            assert not any(name.startswith("on") for name in attributes), tag
        ids = [a["id"] for _, a in self.elements if "id" in a]
        assert len(ids) == len(set(ids)), ids
        assert all("src" in script for script in self.of("script"))

    def of(self, tag):
        return [attributes for one, attributes in self.elements if one == tag]

    def classed(self, name):
        return [(tag, a) for tag, a in self.elements
                if name in a.get("class", "").split()]

    @property
    def lang(self):
        return self.of("html")[0]["lang"]

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), names
        assert not self.open or self.open[-1] not in TEXT_ONLY, (
            self.open, tag)
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
            self.words.setdefault(tag, []).append("")

    def handle_startendtag(self, tag, attributes):
        # As SVG within a page has it.
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (self.open, tag)
        self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.words[self.open[-1]][-1] += data
        else:
            assert not data.strip(), data
        if "main" in self.open:
            self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data!r}")

    def handle_pi(self, data):
        raise AssertionError(f"markup that is none: {data!r}")


def way(page):
    """How a page leads to the others: [(address, word)], and the name of that
    list for who hears it."""
    anchors = [a["href"] for a in page.of("a")]
    words = page.words["a"]
    return (page.of("nav")[0]["aria-label"],
            list(zip(anchors, words))[:3])


def shown(page, word):
    """Is it read in the page? With any kind of space."""
    def plain(text):
        return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())
    return plain(word) in plain(page.text)
