"""In which encoding a text file is written: told by its bytes, weighed by what they would read as.

A file that is not UTF-8 may be Chinese (GB18030) or Western European (Windows-1252); almost any
bytes are text in either. So both readings are weighed: Chinese characters that hospitals and names
use, against accented letters within words. Where neither or both are likely, the user is asked.
"""

from __future__ import annotations

import re
import unicodedata

from carstats.errors import CarstatsError, Problem
from carstats.messages import Message, message

# The second half of the ASCII control characters' range never stands in a text file of data.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x19\x1b-\x1f]")
# Characters of clinical sheets, of common words and of names. Bytes of another encoding read as
# Chinese are spread over 3,755 characters of the first level alone: one in four would be here.
_COMMON = frozenset(
    "噁阿埃癌艾碍爱氨安按胺案奥澳巴靶白百败斑班板伴半膀胞包保报暴鲍贝倍被苯本鼻比痹闭编变标表"
    "别滨丙病并伯泊补不布步部采蔡参残曹草测层插查察差产常长肠厂超沉陈称成程持尺充冲虫出除楚础"
    "储处串疮窗床创垂醇唇纯此刺次从醋促崔存达答大戴带代待单胆氮但蛋当导到道德得的登等邓低滴地"
    "第缔点电蝶叠丁定订冬董动都毒杜度短段断队对多恶恩而儿耳二发伐乏法反范芳方防访放非肺芬酚分"
    "纷蜂峰风冯否夫肤幅氟符伏服福复傅腹附该改概钙干杆肝感刚高告格隔个各给根更梗工功龚供公弓共"
    "构估骨谷顾固关冠观管贯光规归桂郭国果过海害韩含涵郝好耗号浩核和何合贺很红喉侯后呼胡华划化"
    "话坏环还缓换患黄磺恢回慧会昏婚混活获或货击基机积肌激籍集及急疾级几脊剂计记既际继嘉佳家加"
    "贾甲钾假价间检碱减见件健建僵姜浆江蒋降较接截节杰竭结解界借介金仅进近惊精经静镜竞净究久救"
    "就局聚拒据巨娟觉绝均菌军俊卡开凯看康抗考拷可克肯空孔口库跨况溃昆括扩拉来赖篮兰狼劳乐雷磊"
    "累类冷黎理李里丽历利例立粒力联连链梁良两量疗了廖列琳林磷临淋龄另硫刘瘤流柳龙卢颅鲁路录陆"
    "吕氯律率滤绿仑论罗落洛麻码马吗麦脉满曼慢漫毛么梅酶霉没每美门们孟弥米泌免面秒民敏明名命模"
    "膜末莫某母木目钠那娜纳男难脑内能尼拟你年念尿凝脓浓女疟诺呕帕排潘判彭硼鹏批疲皮匹篇片拼贫"
    "品平评泼葡普谱期其奇脐起企器气签钱前潜嵌腔强乔鞘且侵秦轻氢清情丘邱球区曲取去权醛全缺确群"
    "然燃染热人任认仍日溶容肉如乳入软瑞若弱萨塞赛三散色杀沙筛山删善伤上尚少邵设身深神沈肾生升"
    "师失湿石时什食实识史使屎始式示事是嗜噬释氏视试手首受枢殊输书署属束数衰栓双水睡说斯思司丝"
    "死四似松宋苏素宿酸算随髓岁孙损缩所他它她抬泰态谭汤棠唐糖涛萄特藤疼剔提体替天田条铁汀停庭"
    "通酮同童统痛头图徒吐推退吞托脱妥外完晚万汪王亡往微危韦围唯为维伟未胃魏位慰卫温文稳窝我卧"
    "乌无吴武五物误昔析西吸息希悉系细霞下夏先纤衔显险现腺限线相详想项向象萧消小校效些协写械泻"
    "谢欣新心信型形行醒性姓胸熊休修秀需徐许序续轩选薛学雪血寻讯压芽亚咽烟严研延阎炎眼艳验杨疡"
    "洋阳氧样姚药要耶也页业叶液一医依伊移胰已乙以抑易疫意义异因音阴姻尹隐英应荧硬勇用尤由有友"
    "于余雨与宇玉域欲育预袁原源院曰月允载再在暂脏早灶燥则泽增曾窄粘展占张胀障赵照罩者这真疹诊"
    "征争整正症郑证枝支知脂之织直植值址指止只志至致置制质滞治中钟终种肿重周骤珠朱逐主柱住注转"
    "状准卓着紫子自字综总邹足族组最佐做作厥苷奕吡呤唑啶喹嘌嘧猝怡溴迦婷孢骁胱睑黏疱痫癜癫羟酐"
    "酰酯"
)
_CHINESE_LEAST, _CHINESE_FEW, _FEW = 0.4, 0.6, 8
_WESTERN_LEAST = 0.9
# What stands alone in Western text: degrees, micro, quotation marks, dashes, currency.
_WESTERN_SIGNS = frozenset("°µ±€²³¹½¼¾§·´’‘“”„–—…®©£×÷ºª«»¿¡•‰™\u00a0")
# Those that may stand beside each other: quotation marks, a dash, a space that does not break.
_WESTERN_PAIRS = frozenset("’‘“”„–—…\u00a0®™±°")
_LATIN_NEIGHBOUR = re.compile(r"[A-Za-z]")


def decoded(data: bytes, name: str, encoding: str | None = None) -> tuple[str, Message | None]:
    """Return a text file's text, and a note where its encoding was guessed."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    note = None
    remedy = message("Save it as text in UTF-8 (in Excel: “CSV UTF-8”), or read the original file.")
    if b"\0" in data and not marked and not encoding:
        what = message("is not a text file: it holds NUL bytes.")
        raise CarstatsError(Problem(what, name, remedy=remedy))
    if encoding:
        text = _in_encoding(data, encoding, name, remedy)
    elif marked:
        text = _in_encoding(data, "utf-16", name, remedy)
    else:
        text = _try(data, "utf-8-sig")
        if text is None or _reads_as_chinese(data, text):
            codec = judged(data, name)
            text, note = data.decode(codec), guessed(name, codec)
    if _CONTROL.search(text):
        what = message("is not a text file: it holds control characters.")
        raise CarstatsError(Problem(what, name, remedy=remedy))
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def _try(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeError:
        return None


def _in_encoding(data: bytes, encoding: str, name: str, remedy: str) -> str:
    try:
        # Codecs such as rot13 or base64 are known too, and give no text.
        text = data.decode(encoding)
    except LookupError:
        what = message("`encoding` is {encoding!r}, which is not known.", encoding=encoding)
        raise CarstatsError(Problem(what, name)) from None
    except ValueError:
        what = message("is not text in {encoding}.", encoding=encoding)
        raise CarstatsError(Problem(what, name, remedy=remedy)) from None
    return text


def guessed(name: str, codec: str) -> Message:
    """Return the note that names the encoding taken for a file."""
    return message(
        "{file}: not UTF-8; read as {encoding}, judged by its letters. [study] encoding sets"
        " another.",
        file=name,
        encoding=codec,
    )


def judged(data: bytes, name: str) -> str:
    """Return the encoding of bytes that are not UTF-8: ``"gb18030"`` or ``"cp1252"``."""
    chinese, western = _try(data, "gb18030"), _try(data, "cp1252")
    is_chinese = chinese is not None and _is_chinese(chinese)
    is_western = western is not None and _western_share(western) >= _WESTERN_LEAST
    if is_chinese == is_western:
        what = (
            message("is not text in {encoding}.", encoding="utf-8-sig or gb18030")
            if chinese is None
            else message("is not UTF-8, and what else it is cannot be told from its letters.")
        )
        ask = message(
            "Save it as UTF-8, or say under [study] encoding = {known}.",
            known='"gb18030" | "cp1252" | "big5" | "shift_jis" | "euc_kr" | …',
        )
        raise CarstatsError(Problem(what, name, remedy=ask))
    return "gb18030" if is_chinese else "cp1252"


def _is_chinese(text: str) -> bool:
    """Return whether text read as GB18030 is Chinese, and not another encoding's bytes."""
    wide = [c for c in text if c > "\x7f"]
    if any("\u3040" <= c <= "\u30ff" for c in wide):
        return False  # kana: Japanese in EUC has the same bytes for them
    han = [c for c in wide if "\u3400" <= c <= "\u9fff"]
    odd = [c for c in wide if c not in _COMMON and not _is_sign(c) and c not in han]
    if not han:
        # Only signs: Chinese ones such as ℃ and （ are pairs of bytes in GB18030.
        return bool(wide) and not odd
    # Signs such as ℃ and （ are pairs of bytes in GB18030, and speak for it.
    signs = len(wide) - len(han) - len(odd)
    share = (sum(c in _COMMON for c in han) + signs) / (len(han) + signs)
    # Korean in EUC reads as characters of the first rows alone.
    leads = [c.encode("gb18030")[0] for c in han]
    korean = len(han) >= 6 and all(0xB0 <= lead <= 0xC8 for lead in leads) and share < 0.7
    rare = sum(c.encode("gb18030")[0] < 0xB0 or _is_beyond(c) for c in han) / len(han)
    # Of a few characters more than half have to be common ones.
    least = _CHINESE_LEAST if len(han) >= _FEW else _CHINESE_FEW
    return share >= least and not korean and rare < 0.2 and len(odd) <= 0.1 * len(wide)


def _is_beyond(character: str) -> bool:
    # In GB2312 both bytes are above A0; what later standards added is rare.
    code = character.encode("gb18030")
    return len(code) != 2 or code[1] < 0xA1


def _is_sign(character: str) -> bool:
    code = character.encode("gb18030")
    return len(code) == 2 and 0xA1 <= code[0] <= 0xA9 and code[1] >= 0xA1


def _western_share(text: str) -> float:
    """Return how much of what is beyond ASCII is as in a Western language."""
    good = total = 0
    for found in re.finditer(r"[^\x00-\x7f]+", text):
        run = found[0]
        beside = text[max(found.start() - 1, 0) : found.start()] + text[found.end() :][:1]
        word = _LATIN_NEIGHBOUR.search(beside) is not None
        # A capital does not follow a small letter within a word: "éF" is a Chinese character.
        word = word and not (run[-1].islower() and text[found.end() :][:1].isupper())
        letters = [c for c in run if unicodedata.category(c)[0] == "L"]
        total += len(run)
        for c in run:
            if c in letters and c not in _WESTERN_SIGNS:
                good += len(letters) <= 2 and (word or len(run) == 1)
            else:
                good += c in _WESTERN_SIGNS and _stands_well(c, run, beside)
    return good / total if total else 1.0


def _stands_well(sign: str, run: str, beside: str) -> bool:
    """Return whether a sign stands where Western text has it."""
    if len(run) > 1:
        return sum(c not in _WESTERN_PAIRS for c in run) < 2 and len(run) < 4
    # In the middle of a word, as "Ł" is read as "£", it is another alphabet's letter.
    if len(beside) == 2 and beside.isalpha():
        return sign in "’·ªº°´–—\u00a0"
    # Of micro a unit follows.
    return sign not in "´µ" or (sign == "µ" and beside[-1:] in "glLmMsSVWUI")


def _reads_as_chinese(data: bytes, text: str) -> bool:
    """Return whether text that is formally UTF-8 is Chinese in GB18030.

    A file whose only Chinese is 女 holds the bytes C5 AE, which UTF-8 reads as Ů. So a letter
    beyond Latin-1 and Greek that stands apart from any other letter is not taken for one.
    """
    if text.isascii():
        return False
    rare = re.findall(r"[\u0100-\u036f\u0400-\u07ff]", text)
    if not rare or re.search("[\u0800-\U0010ffff]", text):
        return False
    if re.search(r"[A-Za-z][\u0080-\u07ff]|[\u0080-\u07ff]([A-Za-z]|[\u0080-\u07ff]{3})", text):
        return False
    chinese = _try(data, "gb18030")
    return chinese is not None and all("\u4e00" <= c <= "\u9fff" for c in chinese if c > "\x7f")
