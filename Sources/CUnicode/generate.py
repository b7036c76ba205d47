#!/usr/bin/env python3
"""Writes properties.c, mappings.c, scripts.c and sets.c from what Hugging Face's tokenizers library does with
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
PROPERTIES = """ASCII_Hex_Digit Bidi_Control Case_Ignorable Cased Changes_When_Casefolded
Changes_When_Casemapped Changes_When_Lowercased Changes_When_Titlecased Changes_When_Uppercased Dash
Default_Ignorable_Code_Point Deprecated Diacritic Emoji Emoji_Component Emoji_Modifier
Emoji_Modifier_Base Emoji_Presentation Extended_Pictographic Extender Grapheme_Base Grapheme_Extend
Grapheme_Link Hex_Digit Hyphen IDS_Binary_Operator IDS_Trinary_Operator IDS_Unary_Operator ID_Continue
ID_Start Ideographic Join_Control Logical_Order_Exception Math Newline Noncharacter_Code_Point
Other_Alphabetic Other_Default_Ignorable_Code_Point Other_Grapheme_Extend Other_ID_Continue
Other_ID_Start Other_Lowercase Other_Math Other_Uppercase Pattern_Syntax Pattern_White_Space
Prepended_Concatenation_Mark Quotation_Mark Radical Regional_Indicator Sentence_Terminal Soft_Dotted
Terminal_Punctuation Unified_Ideograph Variation_Selector XID_Continue XID_Start""".split()
# Short names; which set each stands for is found out.
ALIASES = """AHex Bidi_C CI CWCF CWCM CWL CWT CWU DI Dep Dia EComp EMod EBase EPres ExtPict Ext Gr_Base
Gr_Ext Gr_Link Hex IDSB IDST IDSU IDC IDS Ideo Join_C LOE NChar OAlpha ODI OGr_Ext OIDC OIDS OLower
OMath OUpper Pat_Syn Pat_WS PCM QMark RI STerm SD Term UIdeo VS XIDC XIDS Adlm Aghb Ahom Arab Armi
Armn Avst Bali Bamu Bass Batk Beng Bhks Bopo Brah Brai Bugi Buhd Cakm Cans Cari Cham Cher Chrs Copt
Cpmn Cprt Cyrl Deva Diak Dogr Dsrt Dupl Egyp Elba Elym Ethi Geor Glag Gong Gonm Goth Gran Grek Gujr
Guru Hang Hani Hano Hatr Hebr Hira Hluw Hmng Hmnp Hung Ital Java Kali Kana Kawi Khar Khmr Khoj Kits
Knda Kthi Lana Laoo Latn Lepc Limb Lina Linb Lisu Lyci Lydi Mahj Maka Mand Mani Marc Medf Mend Merc
Mero Mlym Modi Mong Mroo Mtei Mult Mymr Nagm Nand Narb Nbat Newa Nkoo Nshu Ogam Olck Orkh Orya Osge
Osma Ougr Palm Pauc Perm Phag Phli Phlp Phnx Plrd Prti Qaac Qaai Rjng Rohg Runr Samr Sarb Saur Sgnw
Shaw Shrd Sidd Sind Sinh Sogd Sogo Sora Soyo Sund Sylo Syrc Tagb Takr Tale Talu Taml Tang Tavt Telu
Tfng Tglg Thaa Thai Tibt Tirh Tnsa Toto Ugar Vaii Vith Wara Wcho Xpeo Xsux Yezi Yiii Zanb Zinh
Zyyy""".split()


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
    several = [(c, *map(ord, text)) for c, text in folded.items() if len(text) > 1]
    with open("mappings.c", "w") as out:
        out.write(HEAD)
        for name, values in [
            ("combining", [c << 8 | classes[c] for c in sorted(classes)]),
            ("lower", one_to_one(lower)),
            ("fold", one_to_one(folded)),
            ("fold_several", [x for row in several for x in (*row, 0)[:4]]),
            ("canonical", decompositions(nfd, {})),
            ("compatible", decompositions(nfkd, nfd)),
            ("decomposed", pool),
            ("composed", [x for (a, b), c in sorted(pairs.items()) for x in (a, b, c)]),
        ]:
            out.write(array("uint32_t", "torus_unicode_" + name, values, hexadecimal))
            out.write("" if name == "composed" else "\n")

    with open("scripts.c", "w") as out:
        out.write(HEAD + array("uint32_t", "torus_unicode_script_runs", runs(), hexadecimal))
    sets()


def sets():
    """Writes what patterns call by a name: scripts and properties as the distances between borders,
    of which every other one begins what belongs to the set, and all names of them."""

    def plain(name):
        return name.lower().replace("_", "")

    def borders(name):
        points = matching(r"\p{%s}" % name)
        starts = {c for c in points if c - 1 not in points}
        return tuple(sorted(starts | {c + 1 for c in points if c + 1 not in points}))

    steps, ends, numbers, names = [], [], {}, {}
    for name in sorted(SCRIPTS) + sorted(PROPERTIES):
        found = borders(name)
        numbers.setdefault(found, len(ends))
        names[plain(name)] = len(ends)
        steps += [b - a for a, b in zip((0, *found), found)]
        ends.append(len(steps))
    for name in ALIASES:
        if plain(name) not in names:
            names[plain(name)] = numbers[borders(name)]
    with open("sets.c", "w") as out:
        out.write(HEAD + array("uint32_t", "torus_unicode_set_steps", steps) + "\n")
        out.write(array("uint32_t", "torus_unicode_set_ends", ends) + "\n")
        order = [names[name] for name in sorted(names)]
        out.write(array("uint8_t", "torus_unicode_set_numbers", order) + "\n")
        out.write("const char *const torus_unicode_set_names[%d] = {\n" % len(names))
        for name in sorted(names):
            out.write('  "%s",\n' % name)
        out.write("};\n")
        print("torus_unicode_set_names", len(names))


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
