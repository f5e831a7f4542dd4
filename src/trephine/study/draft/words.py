"""What columns are called, in the languages of the tables that people bring."""

from __future__ import annotations

import re

# Searched in names in small letters. Latin words stand at a word's beginning unless they are long
# enough to be none other.
_WORDS = {
    "patient": (
        r"patient|subject|person|^pid$|^mrn$|病人|患者|환자|пациент|pacient|pazient|影像号"
        r"|病历号|病案号|住院号|登记号|カルテ"
    ),
    "case": (r"(^|[\W_])(id|case|hip|fall|cas|caso)([\W_]|$)|编号|編號|病例|序列|症例|증례|случай"),
    "side": (
        r"^side|(^|[\W_])side$|lateral|侧别|侧$|側|左右|患侧|seite|côté|^cote$|^lado$|lato$"
        r"|сторон|좌우|방향"
    ),
    "centre": (
        r"cent(re|er)$|hospital$|^site$|institution|医院|中心|klinik|krankenhaus|h[oô]pital"
        r"|centro|больниц|병원|病院|施設"
    ),
    "time": (
        r"month|days|years|(?<!per )(?<!/)(?<!gestational )weeks|time|follow"
        r"|surviv|^[odpr]f?s$|^[a-z]?fs$|随访|時間|时间|月数|月數"
        r"|生存|无病|zeit|monat|dauer|(?<!^s)(?<![\W_]s)tage$|jahre$|durée|duree|mois|délai|suivi|jours|seguim"
        r"|(^|[\W_])(ttp|tte|ttr|ttf|pfi|dfi|dss|css|fu|f/u)([\W_]|$)|^m[rf]fs$"
        r"|^duration([\W_]+(d|days|w|m|mo|y|yrs?))?[\W_]*$"
        r"|nachbeobacht|nachverfolg|mesi$|durata|acompanham|obserwac|(^|\W)takip"
        r"|meses|tiempo|días|años|срок|месяц|время|наблюд|추적|기간|개월|期間|追跡|観察"
    ),
    "event": (
        r"event|status|(^|[\W_])cod([\W_]|$)|dead|death|died|collaps|fail|relaps|recur|progress|revision|endpoint"
        r"|outcome|死亡|塌陷|事件|结局|結局|复发|復發|转移|终点|失败|进展|翻修|ereignis"
        r"|(^|\W)tod|verstorb|rezidiv|versag|kollaps|événement|évènement|evenement|décès|deces"
        r"|récidiv|recidiv|échec|evento|muert|fallec|fracas|событи|смерт|умер|рецидив|исход|коллапс"
        r"|^(os|dss|dfi|pfi|dfs|pfs|rfs|efs|css|mfs|lfs)$|^vital$|^状态$|^生存状态$|转归|轉歸"
        r"|(^|[\W_])(tha|dod)([\W_]|$)|convert\w*[\W_]+to|at[\W_]*(last[\W_]*)?(follow|fu([\W_]|$))"
        r"|post[\W_]*op\w*[\W_]*complic"
        r"|사망|사건|재발|붕괴|イベント|再発|転帰|圧潰"
    ),
    "censored": (r"censor|删失|刪失|zensier|censur|цензур|중도절단|打ち切"),
    "date": (r"date|datum|日期|日時|年月日|fecha|data$|дата|날짜|일자|日付|(^|\W)day of|^dob$"),
    "birth": (r"birth|^dob$|geburt|geb\.|naiss|nacim|nascit|рожд|出生|生日|생년|生年"),
    "start": (
        r"surg|operat|(^|[\W_])op([\W_]|$)|start|baseline|begin|enrol|inclu|index|diagnos"
        r"|random|treat|手术|手術|入组|入院|开始|基线|诊断|治疗|eingriff|beginn|aufnahme"
        r"|chirurg|opérat|interven|cirug|début|inicio|операц|начал|диагн|수술|시작|진단|入組"
        r"|診断|開始"
    ),
    "last": (
        r"last|latest|final|end|follow|末次|最后|最後|随访|最終|letzt|ende|kontrolle|derni|fin"
        r"|suivi|últim|ultim|seguim|послед|конец|마지막|최종|추적"
    ),
    "age": (
        r"(^|[\W_])age|年龄|年齡|年齢|alter$|^alter|âge|edad|idade|(^|\W)età|возраст|나이|연령"
        r"|岁"
    ),
    "body mass": (
        r"(^|[\W_])(bmi|imc|имт)([\W_]|$)|body.?mass.?ind|体重指数|體重指數|体质指数|體質指數"
        r"|体质量指数|체질량"
    ),
    "sex": (r"(^|[\W_])(sex|gender)|性别|性別|geschlecht|sexe|sexo|sesso|(^|\W)пол($|\W)|성별"),
    "remark": (
        r"remark|comment|(^|[\W_])notes?([\W_]|$)|memo|free.?text|备注|備註|说明|注释|bemerk"
        r"|anmerk|kommentar|remarque|comentar|observa|nota$|примеч|коммент|비고|메모|備考"
        r"|コメント"
    ),
    "identifier": (
        r"(^|[\W_])(id|ids|no|nr|number|uid|mrn|ssn|nhs|key)\.?([\W_]|$)|(^|[\W_])name|phone"
        r"|mobile|(^|\W)tel(\W|$)|e-?mail|address|postcode|zip.?code|surname"
        r"|hospital.?(id|no|nr)|accession|passport|号|號|编号|编码|序号|姓名|名字|氏名|电话"
        r"|電話|手机|地址|身份证|住所|番号|vorname|nachname|(^|\W)nummer|telefon|adresse"
        r"|anschrift|prénom|(^|\W)nom(\W|$)|numéro|nombre|apellido|teléfono|dirección|número"
        r"|имя|фамил|фио|номер|телефон|адрес|이름|성명|번호|전화|주소"
    ),
    "before": (
        r"symptom|pain|病程|duration of|dauer der|beschwerd|before|pre.?op|术前|術前|smok"
        r"|alcohol|exposure|previous|(^|[\W_])prior|history|marital|既往|婚姻"
        r"|(operat\w*|surg\w*|ana?esth\w*|procedure|手术|手術|op)[ _-]*"
        r"(time|duration|时间|時間|dauer|zeit)"
        r"|stay|住院天数|住院日|use$|用药|激素.*时间|pack.?years|education"
    ),
}
_PATTERNS = {kind: re.compile(words, re.IGNORECASE) for kind, words in _WORDS.items()}
_DEATH = re.compile(
    r"(dead|death|died|deceased|vital|os|overall survival|死亡|사망|смерть|tod|décès|muerte)",
    re.IGNORECASE,
)
_ENDPOINTS = {
    "dfs": "disease-free survival",
    "pfs": "progression-free survival",
    "rfs": "recurrence-free survival",
    "efs": "event-free survival",
    "mfs": "metastasis-free survival",
    "dmfs": "distant-metastasis-free survival",
    "css": "cancer-specific survival",
    "dss": "disease-specific survival",
}
# What a column of an event's states says beside the event: "OS status", "Death (1=yes)".
_STATE = re.compile(
    r"\s*(&\w+;|[(（\[].*|(?<=\w)[\s.:-]+(status|event|flag|indicator|yes/?no|y/?n|recode)\b.*)\s*",
    re.IGNORECASE,
)
_ANY_EVENT = re.compile(r"(event|status|outcome|end ?point)s?", re.IGNORECASE)
_UNITS = {
    "weeks": r"(?<!per )(?<!/)weeks?(?![a-z])|周数|週数|wochen|semaines|недел",
    "days": r"day|天数|日数|tage|jours|días|дн|일수",
    "months": r"month|月|monat|mois|meses|месяц|개월",
    "years": r"year|年|jahr|(^|\W)an(s|nées)|años|(^|\W)лет|년",
}


def is_named(column: str, kind: str) -> bool:
    """Say whether a column's name has a word of a kind in any of the languages."""
    return _PATTERNS[kind].search(column) is not None


def unit_named(column: str) -> str | None:
    """Return the unit of time that a column's name states: days, weeks, months, years or None."""
    low = column.casefold()
    return next((unit for unit, words in _UNITS.items() if re.search(words, low)), None)


def unit_in_brackets(column: str) -> str:
    """Return what stands in brackets at the end of a name, as in "Area (%)", or an empty text."""
    match = re.search(r"[(\[（【]\s*([^()\[\]（）【】]{1,12})\s*[)\]）】]\s*$", column)
    return match[1].strip() if match else ""


def without_date(column: str) -> str:
    """Return an event's name from that of its date: "Collapse date" tells of a collapse."""
    words = r"[\s_]*(date( of)?|datum|日期|fecha( de)?|date de|дата|날짜|일자|日付?)[\s_]*"
    bare = re.sub(words, " ", column, flags=re.IGNORECASE).strip()
    return bare or column


# Words for events that a table's header begins with a capital; another may be a name.
_HEADED = re.compile(
    r"(Amputation|Arthroplasty|Collapsed?|Conversion|Death|Event|Failure|Fracture|Hip|Infection"
    r"|Loosening|Metastas[ei]s|Progression|Recurrence|Relapse|Reoperation|Replacement|Revision"
    r"|Rupture|Surgery|Tumou?r)\b"
)


def event_name(column: str) -> str:
    """Return what an event is called by its column; of a name in two scripts the Latin words."""
    if _STATE.sub("", column).strip().casefold() in ("os", "vital", "overall survival"):
        return "death"
    return _latin(_STATE.sub("", column).strip() or column) or column


def outcome_name(event: str) -> str:
    """Return what is estimated, in English throughout, by the event's name.

    Where that has no Latin letters, a name half in English would be in neither language.
    """
    bare = _STATE.sub("", event).strip()
    if _DEATH.fullmatch(bare):
        return "overall survival"
    if bare.casefold() in _ENDPOINTS:
        return _ENDPOINTS[bare.casefold()]
    latin = _latin(bare or event)
    named = latin and not _ANY_EVENT.fullmatch(latin)
    return f"{latin}-free survival" if named else "event-free survival"


def _latin(text: str) -> str:
    """Return the Latin words of a text; a capital that only begins a header goes."""
    words = " ".join(re.findall(r"[A-Za-zÀ-ɏ][\w'’.-]*", text))
    return words[:1].lower() + words[1:] if _HEADED.match(words) else words
