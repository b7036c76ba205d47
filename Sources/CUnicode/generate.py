#!/usr/bin/env python3
"""Writes properties.c, mappings.c and scripts.c from what Hugging Face's tokenizers library does with
every code point (made with tokenizers 0.23.3 and Python 3.11's unicodedata for case folding and
combining classes). Run it in this folder: python3 generate.py
The sizes that it prints belong into tables.h.
"""
import unicodedata

from tokenizers import Regex
from tokenizers import normalizers as N
from tokenizers import pre_tokenizers as P

SIZE = 0x110000
POINTS = [c for c in range(SIZE) if not 0xD800 <= c <= 0xDFFF]
CATEGORIES = (
    "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cs Cn"
).split()
SCRIPTS = """Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak
Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian
Caucasian_Albanian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan
Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic
Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi Han Hangul Hanifi_Rohingya
Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi
Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi
Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian
Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek
Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar
Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki
Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian
Old_Turkic Old_Uyghur Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician
Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala
Sogdian Sora_Sompeng Soyombo Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet
Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi
Wancho Warang_Citi Yezidi Yi Zanabazar_Square""".split()


def kept(pre_tokenizer):
    """The code points that are left by a pre-tokenizer which removes others."""
    found = set()
    for i in range(0, len(POINTS), 20000):
        text = "".join(map(chr, POINTS[i : i + 20000]))
        for part, _ in pre_tokenizer.pre_tokenize_str(text):
            found.update(map(ord, part))
    return found


def matching(pattern):
    return kept(P.Split(Regex(pattern), "removed", invert=True))


def changed(normalizer):
    """What a normalizer makes of the code points that it changes."""
    found = {}
    for c in POINTS:
        text = normalizer.normalize_str(chr(c))
        if text != chr(c):
            found[c] = text
    return found


def is_hangul(c):
    return 0xAC00 <= c <= 0xD7A3


def combining_classes(marks, decomposed):
    """Python's classes, but 0 for marks that the library does not move."""
    nfd = N.NFD()
    by_class = {}
    for c in marks:
        if unicodedata.combining(chr(c)) and c not in decomposed:
            by_class.setdefault(unicodedata.combining(chr(c)), c)

    def moves(a, b):
        return a != b and nfd.normalize_str("a" + chr(a) + chr(b)) == "a" + chr(b) + chr(a)

    result = {}
    for c in marks:
        value = unicodedata.combining(chr(c))
        others = by_class.values()
        if value and c not in decomposed and any(moves(c, o) or moves(o, c) for o in others):
            result[c] = value
    return result


def array(kind, name, values, form=str):
    lines, line = [], "  "
    for value in values:
        item = form(value) + ","
        if len(line) + len(item) > 100:
            lines.append(line)
            line = "  "
        line += item
    print(name, len(values))
    return "const %s %s[%d] = {\n%s\n};\n" % (kind, name, len(values), "\n".join(lines + [line]))


def hexadecimal(value):
    return "0x%x" % value


HEAD = """// Made by generate.py from what tokenizers 0.23.3 does with every code point; see there.
#include "CUnicode.h"
#include "tables.h"

"""


def main():
    flags = [CATEGORIES.index("Cn")] * SIZE
    for c in range(0xD800, 0xE000):
        flags[c] = CATEGORIES.index("Cs")
    for i, name in enumerate(CATEGORIES):
        if name not in ("Cs", "Cn"):
            for c in matching(r"\p{%s}" % name):
                flags[c] = i

    def mark(points, bit):
        for c in points:
            flags[c] |= 1 << bit

    nfd, nfkd = changed(N.NFD()), changed(N.NFKD())
    nfc, nfkc = changed(N.NFC()), changed(N.NFKC())
    lower = changed(N.Lowercase())
    cleaned = changed(N.BertNormalizer(True, False, False, False))
    accents = changed(N.BertNormalizer(False, False, True, False))
    marks = sorted(matching(r"\p{M}"))
    classes = combining_classes(marks, nfd)
    spaces = matching(r"\s")
    mark(matching(r"\w"), 5)
    whitespace = P.Whitespace()
    words = {c for c in POINTS if len(whitespace.pre_tokenize_str("a" + chr(c))) == 1}
    mark(words - spaces, 6)
    mark(set(POINTS) - kept(P.Punctuation("removed")), 7)
    digits = P.Digits(individual_digits=True)
    mark({c for c in POINTS if len(digits.pre_tokenize_str("a" + chr(c))) == 2}, 8)
    mark(spaces, 9)
    mark([c for c, text in accents.items() if text == ""], 10)
    mark([c for c, text in changed(N.StripAccents()).items() if text == ""], 11)
    mark([c for c, text in cleaned.items() if text == ""], 12)
    mark([c for c, text in cleaned.items() if text == " "], 13)
    mark(changed(N.BertNormalizer(False, True, False, False)), 14)
    mark(matching(r"[[:alpha:]]"), 15)
    for bit, points in [(16, lower), (17, nfd), (18, nfkd), (19, classes), (21, nfc), (22, nfkc)]:
        mark(points, bit)

    pairs = {}
    for c, text in nfd.items():
        if not is_hangul(c) and c not in nfc:
            pairs[ord(N.NFC().normalize_str(text[:-1])), ord(text[-1])] = c
    mark({b for _, b in pairs} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3)), 20)

    records = sorted(set(flags))
    numbers = {record: i for i, record in enumerate(records)}
    pages, index = {}, []
    for start in range(0, SIZE, 256):
        page = bytes(numbers[flag] for flag in flags[start : start + 256])
        index.append(pages.setdefault(page, len(pages)))
    with open("properties.c", "w") as out:
        out.write(HEAD + array("uint32_t", "torus_unicode_records", records, hexadecimal) + "\n")
        out.write(array("uint8_t", "torus_unicode_pages", index) + "\n")
        out.write(array("uint8_t", "torus_unicode_index", list(b"".join(pages))))

    pool = []

    def decompositions(table, others):
        rows = []
        for c in sorted(table):
            if not is_hangul(c) and others.get(c) != table[c]:
                rows += [c, len(pool) << 8 | len(table[c])]
                pool.extend(map(ord, table[c]))
        return rows

    def one_to_one(table):
        return [x for c in sorted(table) if len(table[c]) == 1 for x in (c, ord(table[c]))]

    folded = {c: chr(c).casefold() for c in POINTS if chr(c).casefold() != chr(c)}
    with open("mappings.c", "w") as out:
        out.write(HEAD)
        for name, values in [
            ("combining", [c << 8 | classes[c] for c in sorted(classes)]),
            ("lower", one_to_one(lower)),
            ("fold", one_to_one(folded)),
            ("canonical", decompositions(nfd, {})),
            ("compatible", decompositions(nfkd, nfd)),
            ("decomposed", pool),
            ("composed", [x for (a, b), c in sorted(pairs.items()) for x in (a, b, c)]),
        ]:
            out.write(array("uint32_t", "torus_unicode_" + name, values, hexadecimal))
            out.write("" if name == "composed" else "\n")

    with open("scripts.c", "w") as out:
        out.write(HEAD + array("uint32_t", "torus_unicode_script_runs", runs(), hexadecimal) + "\n")
        rows = []
        for i, name in enumerate(sorted(SCRIPTS)):
            points = sorted(matching(r"\p{%s}" % name))
            starts = [c for k, c in enumerate(points) if k == 0 or points[k - 1] != c - 1]
            ends = [c for k, c in enumerate(points) if k + 1 == len(points) or points[k + 1] != c + 1]
            rows += [(a, b, i) for a, b in zip(starts, ends)]
        flat = [x for row in sorted(rows) for x in row]
        out.write(array("uint32_t", "torus_unicode_script_ranges", flat, hexadecimal) + "\n")
        out.write("const char *const torus_unicode_script_names[%d] = {\n" % len(SCRIPTS))
        for name in sorted(SCRIPTS):
            out.write('  "%s",\n' % name.lower().replace("_", ""))
        out.write("};\n")


def runs():
    """Starts of runs of one script as UnicodeScripts sees them; 0 is what belongs to any."""
    scripts = P.UnicodeScripts()

    def count(text):
        return len(scripts.pre_tokenize_str(text))

    number = {}
    firsts = []
    own = [c for c in POINTS if count("a" + chr(c)) > 1 or count("\u0905" + chr(c)) > 1]
    for i in range(0, len(own), 20000):
        for part, _ in scripts.pre_tokenize_str("".join(map(chr, own[i : i + 20000]))):
            for k, first in enumerate(firsts):
                if count(first + part[0]) == 1:
                    break
            else:
                k = len(firsts)
                firsts.append(part[0])
            for c in part:
                number[ord(c)] = k + 1
    result, previous = [], None
    for c in range(SIZE):
        if number.get(c, 0) != previous:
            previous = number.get(c, 0)
            result.append(c << 8 | previous)
    return result


if __name__ == "__main__":
    main()
