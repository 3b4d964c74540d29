# SPDX-License-Identifier: Apache-2.0
"""Shows Dyad's numbers in gdb as name, code and exact value: float8_e4m3fn 0x7e = 448, fixed<16,15> 0x4000 = 0.5.

Load it with `source docs/gdb/dyad.py`, by hand or from ~/.gdbinit. Knows minifloat by its format (named formats and
P3109's by name, others by their fields), fixed and dyadic.
"""

import re
from fractions import Fraction

import gdb
import gdb.printing

# The members of dyad::float_format in their order; enumerations by their place (float_format.hpp).
FIELDS = ("exponent_bits", "significand_bits", "bias", "is_signed", "infinity", "nan", "has_zero", "has_negative_zero",
          "subnormals", "overflow")
INFINITY = ("none", "ieee", "top")
NAN = ("none", "ieee", "top", "negative_zero")
SUBNORMALS = ("yes", "flushed")
OVERFLOW = ("nan", "largest")
IEEE = (True, "ieee", "ieee", True, True, "yes", "nan")
FINITE = (True, "none", "none", True, True, "yes", "nan")
FNUZ = (True, "none", "negative_zero", True, False, "yes", "nan")
NAMES = {
    (5, 2, 15) + IEEE: "float8_e5m2",
    (4, 3, 7, True, "none", "top", True, True, "yes", "nan"): "float8_e4m3fn",
    (4, 3, 7) + IEEE: "float8_e4m3",
    (3, 4, 3) + IEEE: "float8_e3m4",
    (4, 3, 8) + FNUZ: "float8_e4m3fnuz",
    (5, 2, 16) + FNUZ: "float8_e5m2fnuz",
    (4, 3, 11) + FNUZ: "float8_e4m3b11fnuz",
    (8, 0, 127, False, "none", "top", False, False, "yes", "nan"): "float8_e8m0fnu",
    (5, 3, 15, False, "none", "top", True, False, "yes", "nan"): "float8_e5m3fnu",
    (2, 3, 1) + FINITE: "float6_e2m3fn",
    (3, 2, 3) + FINITE: "float6_e3m2fn",
    (2, 1, 1) + FINITE: "float4_e2m1fn",
    (8, 7, 127) + IEEE: "bfloat16",
    (5, 10, 15) + IEEE: "float16",
    (8, 10, 127) + IEEE: "tfloat32",
}


def enumerator(word, names):
    """`(dyad::v1::nan_codes)2`, `dyad::v1::nan_codes::top` or `2` as a name."""
    last = re.split(r"[:)]", word.strip())[-1]
    return names[int(last)] if last.isdigit() else last


def parse_format(name):
    """The fields of minifloat<float_format{...}>, as a tuple in the order of FIELDS; None for any other type."""
    found = re.search(r"minifloat<.*?\{(.*)\}\s*>$", name)
    words = [word.split("=")[-1].strip() for word in found.group(1).split(",")] if found else []
    if len(words) != len(FIELDS):
        return None
    truth = [word in ("true", "1") for word in words]
    return (int(words[0]), int(words[1]), int(words[2]), truth[3], enumerator(words[4], INFINITY),
            enumerator(words[5], NAN), truth[6], truth[7], enumerator(words[8], SUBNORMALS),
            enumerator(words[9], OVERFLOW))


def format_name(fields):
    if fields in NAMES:
        return NAMES[fields]
    (exponent_bits, significand_bits, bias, is_signed, infinity, nan, has_zero, negative_zero, subnormals,
     overflow) = fields
    if ((overflow, subnormals, has_zero, negative_zero) == ("largest", "yes", True, False) and infinity != "ieee" and
            bias == 1 << (exponent_bits - 1) and nan == ("negative_zero" if is_signed else "top")):
        precision = significand_bits + 1
        width = exponent_bits + significand_bits + (1 if is_signed else 0)
        return "binary%dp%d%s%s" % (width, precision, "s" if is_signed else "u", "e" if infinity == "top" else "f")
    text = "minifloat<e%dm%d, bias %d%s, infinity %s, nan %s" % (
        exponent_bits, significand_bits, bias, "" if is_signed else ", unsigned", infinity, nan)
    text += "" if has_zero else ", no zero"
    text += "" if negative_zero or not has_zero or not is_signed else ", one zero"
    return text + (", subnormals flushed>" if subnormals == "flushed" else ">")


def decode(fields, code):
    """The value of a code: a Fraction, or a word."""
    exponent_bits, significand_bits, bias, is_signed, infinity, nan, has_zero, _, subnormals, _ = fields
    magnitude_bits = exponent_bits + significand_bits
    top = (1 << magnitude_bits) - 1
    magnitude = code & top
    negative = is_signed and code > top
    sign = "-" if negative else ""
    if nan == "negative_zero" and code == top + 1:
        return "nan"
    if nan == "top" and magnitude == top:
        return sign + "nan"
    exponent = magnitude >> significand_bits
    fraction = magnitude & ((1 << significand_bits) - 1)
    if exponent == (1 << exponent_bits) - 1:
        if infinity == "ieee" and fraction == 0:
            return sign + "inf"
        if nan == "ieee" and (fraction != 0 or infinity != "top"):
            return sign + "nan"
        if infinity == "ieee" and nan == "none":
            return sign + "inf"
    if infinity == "top" and magnitude == top - (1 if nan == "top" else 0):
        return sign + "inf"
    if has_zero and exponent == 0:
        value = Fraction(0) if subnormals == "flushed" else scaled(fraction, 1 - bias - significand_bits)
    else:
        value = scaled(fraction + (1 << significand_bits), exponent - bias - significand_bits)
    if value == 0:
        return sign + "0"
    return -value if negative else value


def scaled(significand, exponent):
    return Fraction(significand) * (Fraction(2) ** exponent)


def exact(value):
    """All digits of a dyadic rational; a power of two times an integer where those would be too many."""
    if isinstance(value, str):
        return value
    places = value.denominator.bit_length() - 1
    if places > 60 or abs(value) >= 10 ** 20:
        m = abs(value.numerator)
        zeros = (m & -m).bit_length() - 1
        return "%s%d * 2^%d" % ("-" if value < 0 else "", m >> zeros, zeros - places)
    digits = str(abs(value.numerator) * 5 ** places).rjust(places + 1, "0")
    text = digits[:-places] + "." + digits[-places:] if places else digits
    return ("-" if value < 0 else "") + text


def shown(name, code, width, value):
    return "%s 0x%0*x = %s" % (name, (width + 3) // 4, code, exact(value))


class MinifloatPrinter:
    def __init__(self, value, fields):
        self.value = value
        self.fields = fields

    def to_string(self):
        code = int(self.value["bits_"])
        width = self.fields[0] + self.fields[1] + (1 if self.fields[3] else 0)
        return shown(format_name(self.fields), code, width, decode(self.fields, code))


class FixedPrinter:
    def __init__(self, value, width, fraction, is_signed, overflow):
        self.value = value
        self.width = width
        self.fraction = fraction
        self.is_signed = is_signed
        self.overflow = overflow

    def to_string(self):
        raw = int(self.value["raw_"])
        if self.fraction == 0 and self.overflow == "saturate":
            name = ("int" if self.is_signed else "uint") + str(self.width)
        else:
            name = "fixed<%d,%d%s%s>" % (self.width, self.fraction, "" if self.is_signed else ",unsigned",
                                         "" if self.overflow == "saturate" else "," + self.overflow)
        return shown(name, raw & ((1 << self.width) - 1), self.width, scaled(raw, -self.fraction))


class DyadicPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        m, e = int(self.value["significand"]), int(self.value["exponent"])
        return "%d * 2^%d" % (m, e) + (" = " + exact(scaled(m, e)) if -60 <= e <= 60 else "")


def printer_of(value):
    name = value.type.unqualified().strip_typedefs().name or ""
    if re.match(r"dyad::(v1::)?minifloat<", name):
        fields = parse_format(name)
        return MinifloatPrinter(value, fields) if fields else None
    found = re.match(r"dyad::(?:v1::)?fixed<(-?\d+), ?(-?\d+), ?([^,]*), ?([^,]*)>$", name)
    if found:
        is_signed = enumerator(found.group(3), ("is_signed", "is_unsigned")) == "is_signed"
        overflow = enumerator(found.group(4), ("saturate", "wrap", "trap"))
        return FixedPrinter(value, int(found.group(1)), int(found.group(2)), is_signed, overflow)
    if re.match(r"dyad::(v1::)?dyadic<", name):
        return DyadicPrinter(value)
    return None


printer_of.name = "dyad"
printer_of.enabled = True
gdb.printing.register_pretty_printer(None, printer_of, replace=True)
