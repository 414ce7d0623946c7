"""The HTML that an answer brings, read by a parser as a page's would be, and
each address in it."""

import json
import re
from html.parser import HTMLParser

from case import ServiceCase, opened
from service import picture

ATTRIBUTES = {
    "picture": set(),
    "source": {"type", "srcset", "sizes"},
    "img": {"src", "srcset", "sizes", "width", "height", "alt", "loading",
            "decoding"}}


class Elements(HTMLParser):
    """The elements of a piece of HTML, as (tag, attributes); anything that a
    parser would have to mend, and any text, is an error."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.open = []
        self.feed(html)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), names
        # Nothing is quoted twice, and nothing was left unquoted.
        assert not re.search(r"=[^\"]", re.sub(
            r'"[^"]*"', '""', self.get_starttag_text())), tag
        self.found.append((tag, dict(attributes)))
        if tag == "picture":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        raise AssertionError(f"text: {data!r}")

    handle_comment = handle_decl = handle_pi = handle_data


class Markup:
    settings = {"presets": [
        {"name": "large", "width": 300, "height": 300,
         "formats": ["jpeg", "webp"]},
        {"name": "square", "width": 100, "height": 100, "fit": "cover"},
        {"name": "tiny", "width": 40, "height": 40, "formats": ["png"]},
        {"name": "small", "width": 150, "height": 150,
         "formats": ["webp", "jpeg"]},
        {"name": "huge", "width": 2000, "height": 2000}]}

    def photo(self, name):
        answer = self.service.upload((name, picture(name)))
        self.assertIn(answer.status, (200, 201), answer.body)
        return json.loads(answer.body)["photos"][0]

    def widths(self, attributes, media_type):
        """Those of one srcset, each held against its file."""
        found = []
        for candidate in attributes["srcset"].split(", "):
            url, width = re.fullmatch(r"(\S+) (\d+)w", candidate).groups()
            answer = self.service.get_url(url)
            self.assertEqual(answer.status, 200, url)
            self.assertEqual(answer.headers["Content-Type"], media_type)
            self.assertEqual(opened(answer.body).width, int(width), url)
            found.append(int(width))
        return found

    def check_picture(self, photo):
        """The widths of the <source> and of the <img>."""
        elements = Elements(photo["html"]).found
        self.assertEqual([tag for tag, _ in elements],
                         ["picture", "source", "img"])
        for tag, attributes in elements:
            self.assertEqual(set(attributes), ATTRIBUTES[tag])
        (_, _), (_, source), (_, img) = elements
        self.assertEqual(source["type"], "image/webp")
        shown = opened(self.service.get_url(img["src"]).body)
        self.assertEqual((int(img["width"]), int(img["height"])), shown.size)
        self.assertIn(img["src"], img["srcset"])
        self.assertEqual((img["alt"], img["loading"], img["decoding"]),
                         ("", "lazy", "async"))
        for attributes in source, img:
            self.assertEqual(attributes["sizes"],
                             f"(max-width: {shown.width}px) 100vw, "
                             f"{shown.width}px")
        return (self.widths(source, source["type"]),
                self.widths(img, "image/jpeg"))

    def test_a_landscape(self):
        self.assertEqual(self.check_picture(self.photo("gray.jpg")),
                         ([150, 300], [150, 300, 360]))

    def test_a_photo_that_exif_turns(self):
        self.assertEqual(self.check_picture(self.photo("orient-6.jpg")),
                         ([150, 300], [150, 300, 360]))

    def test_a_photo_smaller_than_the_boxes_names_each_width_once(self):
        self.assertEqual(self.check_picture(self.photo("interlaced.png")),
                         ([150, 179], [150, 179]))
        self.assertEqual(self.check_picture(self.photo("animated.gif")),
                         ([120], [120]))

    def test_the_same_photo_has_the_same_html(self):
        first = self.photo("progressive.jpg")
        again = self.photo("progressive.jpg")
        meta = json.loads(
            self.service.get(f"/t/{first['id']}/meta.json").body)
        self.assertEqual(again["status"], "exists")
        self.assertEqual(again["html"], first["html"])
        self.assertEqual(meta["html"], first["html"])

    def test_colour_and_placeholder_are_what_pages_take(self):
        photo = self.photo("p3.jpg")
        self.assertRegex(photo["color"], "^#[0-9a-f]{6}$")
        self.assertRegex(photo["placeholder"],
                         "^data:image/[a-z]+;base64,[A-Za-z0-9+/]+={0,2}$")
        self.assertLess(len(photo["placeholder"]), 400)


class AtTheRoot(Markup, ServiceCase):
    pass


class WithAPublicUrl(Markup, ServiceCase):
    settings = Markup.settings | {"prefix": "/media",
                                  "public_url": "https://img.example.org"}
