"""What OneLink's states and words mean; the sources are the connector's."""

from xuliu.carrier.contract import Reason

STALE = "12021"
TOKEN_SECONDS = 1800
NO_END_FROM = 2099  # plans without an end are listed with one in that year or later
# 25S04, by our word: one digit where the card was opened on OneLink-CT, two where on OneLink-PB.
CARD_STATUSES = {
    "in_stock": ("1", "6", "7", "07"),
    "active": ("2", "00"),
    "suspended": ("4", "8", "01", "02", "03", "06"),
    "terminated": ("9", "04", "05"),
}
ORDER_OVER = ("failed", "aborted", "cancelled")  # 23M27; every other status but "completed" is under way
# 25S02: the places of its 12 digits at which a 2 gives a reason that a renewal does not cure.
STOP_REASONS = {1: "separated from its device", 3: "stopped by the platform", 4: "owing", 9: "outside its region"}

# The message shows what a refusal is about: codes differ between the platform's editions, and no public list of them is
# complete. The first match decides; a message without a match is no refusal to us.
REFUSALS: tuple[tuple[str, Reason | None], ...] = (
    ("系统|超时|内部|异常|未知|网络|处理中", None),
    ("(号码|卡)(号)?(不存在|鉴权|不(归)?属)", Reason.SIM),
    ("集团.*(余额|欠费)|账户.*余额|余额不足", Reason.ACCOUNT),
    ("(?i)appid|密码|鉴权|白名单|IP地址|无权|未授权", Reason.ACCOUNT),
    ("分钟内|重复(办理|提交)", Reason.TEMPORARY),
    ("频繁|重复调用|流控|限流|调用(量|次数)|维护|升级|割接", Reason.AWAY),
    ("稍后", Reason.TEMPORARY),
    ("资费|套餐|商品|加油包|叠加包|订购|参数", Reason.PLAN),
    ("号码|卡|用户|状态", Reason.SIM),
)
