"""List the countries: ISO 3166-1 alpha-2, its 249 assigned codes, and Kosovo's."""

from __future__ import annotations

from typing import Final

__all__ = ["COUNTRY_CODES", "COUNTRY_HINTS"]

COUNTRY_CODES: Final = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ
    BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR
    CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU
    ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ
    LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
    MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
    PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR
    TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    XK
    """.split()  # noqa: SIM905  # a table of 249 reads better than a list of 249 strings
)
"""What :class:`~wixreseller.Product` accepts.

XK is not assigned by ISO but reserved for users, who use it for Kosovo; whether Wix takes it is
not documented, so it is let through and Wix decides.
"""

COUNTRY_HINTS: Final = {
    "UK": "GB",
    "EN": "GB",
    "EL": "GR",
    "USA": "US",
    "BRASIL": "BR",
    "BRAZIL": "BR",
    "DEU": "DE",
    "GERMANY": "DE",
    "FRANCE": "FR",
    "SPAIN": "ES",
    "ITALY": "IT",
}
"""What people write instead, for the hint in the error message."""
