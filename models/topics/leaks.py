"""Text without what would give the outlet away: byline, dateline and outlet names must never reach the features.

A model that reads "(Reuters)" learns what Reuters writes about, and fails on the next publisher.
"""

import re
from collections.abc import Sequence

# Words that make the last segment of a headline an outlet's name.
OUTLET_WORDS = (
    "abc|advertiser|advocate|axios|bbc|bloomberg|broadcasting|bulletin|cbs|channel|chronicle|citizen|cnbc|cnet|cnn|"
    "courier|daily|dispatch|engadget|enquirer|euronews|examiner|express|forbes|gazette|gizmodo|globe|guardian|herald|"
    "huffpost|independent|inquirer|insider|journal|magazine|mail|mashable|media|mercury|mirror|monitor|msnbc|nbc|"
    "network|news|newspaper|newsweek|newswire|npr|observer|online|pbs|politico|post|press|radio|record|register|"
    "reporter|reuters|salon|sentinel|slate|standard|star|techcrunch|telegraph|times|today|tribune|tv|variety|verge|"
    "vox|weekly|wire|wired|yahoo|zdnet"
)
# Agencies that stand in brackets in datelines and behind captions.
AGENCIES = (
    r"AP|A\.P\.|AFP|ANI|ANSA|AAP|CNA|CNN|BBC|DPA|dpa|EFE|IANS|PTI|PA|TASS|UPI|KCNA|KUNA|WAM|Xinhua|XINHUA|Yonhap|"
    r"Kyodo|Reuters|REUTERS|Bloomberg|(?:The )?Associated Press|(?:The )?Canadian Press|Agence France-Presse|"
    r"Press Association|Thomson Reuters Foundation|PR ?Newswire|Business Wire|BUSINESS WIRE|GLOBE NEWSWIRE|"
    r"AP Photo[^)\]\n]{0,40}|Photo by[^)\]\n]{0,60}"
)
CAPITAL = "A-ZÀ-ÖØ-Þ"
NAME = rf"[{CAPITAL}](?:[\w.-]|['’](?!s\b))*"
PERSON = rf"{NAME}(?: (?:[{CAPITAL}]\.|de|del|der|van|von|bin|al|el|la|le|da|dos))* {NAME}(?![\w’'])"
DATE = r"(?:{0} \d{{1,2}}|\d{{1,2}} {0})(?:,? \d{{4}})?".format(
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
)
PLACE = rf"[{CAPITAL}][\w.’'-]*(?: [{CAPITAL}(][\w.’')-]*){{0,3}}"
DASH = r"(?:--+|[—–:-])"
DOMAIN = r"[\w-]+\.(?:com|org|net|co\.uk|tv|io|news|in|ca|com?\.au|ie|co\.nz|co\.za)"

AFTER_PIPE = re.compile(r" *(?:\||»|::)[^|»\n]{1,40}$", re.MULTILINE)
BEFORE_PIPE = re.compile(
    rf"^(?=[{CAPITAL}])[\w.&’' ]{{0,30}}\b(?i:{OUTLET_WORDS})\b[\w.&’' ]{{0,15}} *\| +", re.MULTILINE
)
AT_END = re.compile(
    rf" +(?:-|–|—) +(?:(?:(?:[{CAPITAL}][\w.&’'-]*|of|the|and) ){{0,4}}(?=[{CAPITAL}])(?i:{OUTLET_WORDS})\b"
    rf"(?: [{CAPITAL}][\w.&’'-]*){{0,2}}|{DOMAIN})(?: *(?:\.\.\.|…))?$",
    re.MULTILINE,
)
BYLINE_AT_END = re.compile(rf" +[—–|-]+ *(?:[Bb]y|BY) {PERSON}$", re.MULTILINE)
BY = rf"(?:(?i:words|written|posted|reported|story) )?(?:[Bb]y|BY):? {PERSON}(?:(?:,? and |, | & ){PERSON})*"
JOB = rf"(?:[{CAPITAL}]\w+ ){{0,3}}(?:Writer|Reporter|Correspondent|Editor)"
BYLINE = re.compile(rf"^{BY}(?:,? (?:{AGENCIES}|{JOB})\b)?[ .,|—–:-]*", re.MULTILINE)
BYLINE_LINE = re.compile(rf"{BY}[^.!?\n]{{0,80}}$")
DATELINE = re.compile(
    rf"^{PLACE}(?:, {PLACE})?(?:,? *\[[^\]\n]{{2,30}}\])?(?:,? {DATE})?,? *"
    rf"[(\[/](?:{AGENCIES})[)\]/](?: *{DASH})? *",
    re.MULTILINE,
)
DATELINE_IN_CAPITALS = re.compile(
    rf"^[A-Z][A-Z.’' -]{{2,30}}(?:, [A-Z][\w. ]{{1,20}})?(?:, {DATE})? *{DASH} +", re.MULTILINE
)
AGENCY = re.compile(rf"[(\[](?:{AGENCIES})[)\]]")


def stripped_headlines(headlines: Sequence[str]) -> list[str]:
    """Headlines without outlet and byline; one line each, in order.

    >>> stripped_headlines(["Rates held again | Reuters", "Snow is due - The Daily Example", "City 2 - 1 United"])
    ['Rates held again', 'Snow is due', 'City 2 - 1 United']
    """
    return _without(headlines, BEFORE_PIPE, AFTER_PIPE, AT_END, BYLINE_AT_END, AGENCY)


def stripped_bodies(bodies: Sequence[str]) -> list[str]:
    """Bodies without byline and dateline at their head and agencies in brackets; one line each, in order.

    >>> stripped_bodies(["By Ann Example\\n\\nOSLO (AP) — The sea is calm.", "PARIS, May 3 (Reuters) - Wine sold."])
    ['The sea is calm.', 'Wine sold.']
    """
    return _without([_after_byline(body) for body in bodies], BYLINE, DATELINE, DATELINE_IN_CAPITALS, AGENCY)


def _after_byline(body: str) -> str:
    """A body without its first line where that is a byline, job and date behind the name included."""
    line, newline, rest = body.lstrip().partition("\n")
    return rest if newline and BYLINE_LINE.match(line.rstrip()) else body


def _without(texts: Sequence[str], *patterns: re.Pattern[str]) -> list[str]:
    """All texts as lines of one block, so that each pattern runs once a batch; none can match across two lines."""
    if not texts:
        return []
    block = "\n".join(" ".join(text.split()) for text in texts)
    for pattern in patterns:
        block = pattern.sub("", block)
    return block.split("\n")
