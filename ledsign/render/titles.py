"""Lines of a title: nearly equal in length, and no word torn that a villager knows as one.

Running text fills its lines; a title so filled leaves two characters alone below it, or ends a line in the middle
of a word. Among the ways to set it in as few lines as it needs, the one is taken that tears least and is most even.
"""

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import numpy as np

from ledsign.render.glyphs import Text
from ledsign.render.linebreak import breaks
from ledsign.render.setting import Span

_MOST: Final = 5  # lines: more is running text
_LONG: Final = 100  # characters: no title
_WELL: Final = 16  # a line that ends with a mark may be 4 half cells longer or shorter than the others
_AFTER: Final = frozenset("，。、；：！？）】》〉」』”’,.;:!?)] —…")

# What titles of village notices are made of, longest first where one begins another; a break within is a tear.
_WORDS: Final = (
    "村民委员会 居民委员会 监督委员会 村务监督委员会 总?支部委员会 总支部 党支部 委员会 人民政府 办公室 "
    "人民政府办公室 民政局 供电所 气象台 股份经济 经济合作社 合作社 合作联合社 代表会议 代表 会议 党员 "
    "预备党员 积极分子 村民 居民 村组干部 干部 成员 书记 主任 小组 村民小组 网格员 群众 农户 "
    "第[一二三四五六七八九十]+(?:季度|批|次|届|期) 第?[一二三四五六七八九十]+组 上半年 下半年 年度 季度 月份 期间 "
    "截至 截止 "
    r"\d+[年月]度? 村务 党务 政务 财务 事务 村规民约 村情 四议两公开 一事一议 回音壁 主题党日 乡村振兴 "
    "阳光村务 小微权力 公开表 公开屏 公开 公示 公告 通告 通知 公布 决议 纪要 报告 简介 倡议书 倡议 指南 提醒 "
    "预警 解除 禁火令 防火令 告知书 基层 全面 推进 创新 情况 工作 计划 方案 总结 任务 分解 措施 办法 制度 "
    "标准化 规范化 标准 建设 实施 创建 示范点 文件 样例 项目 工程 改造 修复 硬化 竣工 验收 结算 决算 预算 "
    "收支 收入 支出 明细 逐笔 台账 往来 债权 债务 资金 资产 资源 集体 财政 衔接 补助 补贴 报酬 工资 津贴 "
    "发放 拨款 筹资 筹劳 招租 招标 中标 承包 租赁 鱼塘 山林 耕地 耕地地力 地力 保护 种粮 征地 补偿 安置 土地 "
    "流转 宅基地 低保 最低 最低生活保障 生活 保障 五保 救助 困难 临时 医疗 保险 医疗保险 基本医疗 医保 养老 "
    "参保 缴费 城乡 农村 审核 确认 审批 办理 办事 流程 申请 接收 选举 换届 候选人 监督 检查 整改 意见 建议 "
    "答复 名单 联系 电话 森林 防火 防汛 防诈骗 诈骗 电信 网络 警惕 暴雨 台风 洪水 红色 橙色 黄色 地质灾害 "
    "转移 避险 撤离 停水 停电 供水 自来水 管网 应急 广播 终端 演练 演习 联合 宣传 学习 活动 安排 日程 收缴 "
    "党费 公益林 管护 保洁 垃圾 道路 村道 桥面 路灯 立即 马上 不要 请勿 禁止 严禁 返回 远离 关好 门窗 河道 "
    "低洼 地带 学校 小学 党群服务中心 服务中心 公開 村務 政務 實施 辦公室 人民政府辦公室 樣例"
)
_PLACE: Final = "[\u4e00-\u9fff]{2}[村镇乡县区市省鎮鄉縣區](?!民委)"
_WHOLE: Final = re.compile("|".join([*sorted(_WORDS.split(), key=len, reverse=True), _PLACE]))
_ASIDE: Final = re.compile("[(（][^()（）]*[)）]")
_APART: Final = re.compile("(?<= )[^ ]{2,6}(?= |$)|^[^ ]{2,6}(?= )")  # between blanks


def evened(text: Text, columns: int, spans: Sequence[Span]) -> Sequence[Span]:
    """The lines of a title in as many lines as ``spans`` has, which fill ``columns`` half cells."""
    count = len(spans)
    if not 1 < count <= _MOST or len(text) > _LONG:
        return spans
    string = text.cps.tobytes().decode("utf-32-le", "replace")
    places = [0, *accumulate(text.advance.tolist())]
    starts = [0, *(np.flatnonzero(breaks(text)) + 1).tolist()]
    ends = [len(string[:start].rstrip()) for start in starts]
    if starts[-1] != len(string):
        return spans
    tears, mean = _tears(string), places[-1] // count
    # of each place the cheapest way there in 1, 2, ... lines: its cost and where the last of them begins
    ways: list[dict[int, tuple[int, int]]] = [{0: (0, 0)}]
    for _ in range(count):
        found: dict[int, tuple[int, int]] = {}
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            worth = (columns // 2) ** 2 if start in tears else -_WELL if string[end - 1 : start] in _AFTER else 0
            for earlier in starts[:number]:
                width = places[end] - places[earlier]
                if earlier in ways[-1] and 0 < width <= columns:
                    cost = ways[-1][earlier][0] + (width - mean) ** 2 + worth
                    found[start] = min(found.get(start, (cost, earlier)), (cost, earlier))
        ways.append(found)
    if len(string) not in ways[-1]:
        return spans
    lines, start = list[Span](), len(string)
    for way in reversed(ways[1:]):
        earlier = way[start][1]
        lines.append((earlier, ends[starts.index(start)], False))
        start = earlier
    return lines[::-1]


def _tears(string: str) -> set[int]:
    """Places within a word or a remark in brackets."""
    found = (*_WHOLE.finditer(string), *_ASIDE.finditer(string), *_APART.finditer(string))
    return {place for match in found for place in range(match.start() + 1, match.end())}
