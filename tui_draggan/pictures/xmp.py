"""XMP packets (XMP specification, part 1): what a file says of itself, for every program to read.

Written by hand, since it is a page; read by the parser of the standard library, without documents'
own entities, which could unfold without end, and without following anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NAMESPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "tuidraggan": "urn:tui-draggan:xmp:1#",
}
"""Names that others have given, and this program's own."""
BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
END = '<?xpacket end="r"?>'
DEEPEST = 32
SEPARATOR = "\n"
"""Between the namespace and the name, in the parser's words; no name has it."""
DESCRIPTION = f"{RDF}{SEPARATOR}Description"


class PacketError(Exception):
    """No XMP packet that can be read; the message says why."""


def packet(properties: Mapping[str, str]) -> bytes:
    """Properties, as «xmp:CreatorTool», → a packet. Their texts are of characters that XML has."""
    used = sorted({name.partition(":")[0] for name in properties})
    spaces = "".join(f" xmlns:{name}={quoteattr(NAMESPACES[name])}" for name in used)
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in properties.items())
    return (
        f'{BEGIN}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about=""{spaces}>{inside}</rdf:Description>'
        f"</rdf:RDF></x:xmpmeta>{END}"
    ).encode()


def properties(data: bytes) -> dict[str, str]:
    """The properties of the known namespaces that are plain texts, whether a program has written
    them as elements or as attributes. Raises PacketError."""
    found: dict[str, str] = {}
    path: list[str] = []
    words: list[str] = []
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=SEPARATOR)
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise PacketError("its XMP declares a document type")

    def start(tag: str, attributes: dict[str, str]) -> None:
        path.append(tag)
        if len(path) > DEEPEST:
            raise PacketError("its XMP is nested too deeply")
        words.clear()
        for name, text in attributes.items() if tag == DESCRIPTION else ():
            if known := _named(name):
                found.setdefault(known, text)

    def end(tag: str) -> None:
        path.pop()
        if path and path[-1] == DESCRIPTION and (known := _named(tag)):
            found.setdefault(known, "".join(words))
        words.clear()

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = words.append
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise PacketError(f"its XMP is damaged ({error})") from None
    return found


def _named(tag: str) -> str | None:
    """The parser's word for a name → with the prefix of its namespace; None for an unknown one."""
    space, _, name = tag.rpartition(SEPARATOR)
    prefix = next((prefix for prefix, known in NAMESPACES.items() if known == space), None)
    return None if prefix is None else f"{prefix}:{name}"
