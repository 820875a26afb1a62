/* The Chinese of prompts beside the lexicon: what captions write, and how people say the same.
 * In simplified characters; tokens of traditional ones become these. */
#include "words/phrases.h"

/* One two three, each '/' one more. */
const char *const grammar_zh_counts =
    "一|1|１|一整|单|每一/两|2|二|双|几|好几|俩/三|3|仨|许多|很多|一些|数/"
    "四|五|六|七|八|九|十|4|5|6|7|8|9|10|百|千";
const char *const grammar_zh_measures =
    "只|头|匹|条|辆|列|架|枚|艘|名|个|位|根|颗|朵|棵|块|把|面|支|张|台|顶|座|叠|盏|片|丛|排|株|部|"
    "幅|口|尊|间|栋|件|串|束|束|粒|滴|本|袋|瓶|杯|碗|盘|尾|峰|羽|员|峰|堆";

#define FUNCTION_WORDS                                                                                                                   \
    "是|里面|上面|下面|里边|之中|之间|时候|的时候|时分|很|非常|十分|特别|更|最|个头|体型|身材|"       \
    "看起来|画面|画面里|画面中|视频|影片|动画|图片|照片|"                                                           \
    "镜头里|镜头前|镜头中|一段|一幅|一张|一个视频|一段视频|生成|制作|请|帮我|给我|想要|我要|我想|" \
    "展示|显示|可以看到|能看到|看到|看见|画面发生在|发生在|场景在|场景是|场景|这是在|故事发生在|" \
    "故事|时间是|正值|此时是|此时|这时|这里|那里|拍摄时|拍摄|正|正在|在那里|开始|继续|不停地|"       \
    "不停|一直|慢慢|慢慢地|缓缓|缓缓地|缓慢|缓慢地|静静地|轻轻地|悠闲地|开心地|快乐地|高兴地|"      \
    "欢快地|可爱|可爱的|美丽|美丽的|漂亮|漂亮的|好看的|高清|写实|风格|电影感|背景|背景是|前景|"     \
    "呢|吧|啊|呀|吗|嘛|所|之|其|而|而且|并|并且|到处|到处是|到处都是|从|向|往|朝|朝着|向着|"             \
    "到|让|使|给|起来|又|再次|没有|不|不会|会|能|可以|就|才|只有|但|但是|自己|一下|"                        \
    "整个|所有|身上|放着|还有着|长着|位于|处于|的样子|样子|一样|似的|普通大小的|中等大小的|"         \
    "大地|天气|天空下|星空下|各|各自|分别|忽然|突然|总是|边上|那边|这边|一片|一场|一阵"
/* clang-format off: rows read as a table */
const GrammarRow grammar_zh[] = {
    { PH_COUNT, 2, PHRASE_MEASURE, false, "一对|一双|两|几|俩" },
    { PH_COUNT, 3, PHRASE_MEASURE, false, "一群|一队|一些|许多|很多|三|一窝|成群的|一大群" },
    { PH_COUNT, 4, PHRASE_MEASURE, false, "四|五|六|七|八|九|十" },
    { PH_COUNT, 1, PHRASE_MEASURE, false, "一|某个|某只" },
    { PH_NEW, 1, PHRASE_MEASURE, false, "另一|另外一个|别的" },
    { PH_THE, 0, PHRASE_MEASURE, false, "这|那|这个|那个|该" },
    { PH_PRONOUN, 1, 0, false, "它|他|她" },
    { PH_PRONOUN, 2, 0, false, "它们|他们|她们|两者|二者" },
    { PH_ALL, 0, 0, false, "一起|都|全都|一同|一块儿|双双|一齐|共同" },
    { PH_AND, 0, 0, false, "和|与|跟|及|以及|还有|一边|也" },
    { PH_WHILE, 0, 0, false, "同时|与此同时|当" },
    { PH_THEN, 0, 0, false, "先|再|然后|接着|随后|最后|之后|后来|接下来|随即|首先|紧接着|最终" },
    { PH_EXIST, 0, 0, false,
      "有|画面里有|这里有|旁边有|旁边放着|旁边还有|身边有|附近有|身旁有|旁边是|旁边站着|附近还有" },
    { PH_EXIST, 1, 0, false, "空无一人|画面里空无一人|没有人|没人" },
    { PH_NEAR, 0, 0, false, "旁边|身边|附近|身旁|旁|挨着|带着|拿着|靠着" },
    { PH_AT, 0, 0, false, "在|从" },
    { PH_THAN, 0, 0, false, "比" },
    { PH_BY, 0, 0, false, "被" },
    { PH_OF, 0, 0, false, "的" },
    { PH_FAST, 0, 0, false,
      "快一点|快一些|快点|更快|更快地|飞快地|快速地|迅速地|飞快|快速|迅速|很快地|急速|急速地|高速|"
      "高速地|飞速|飞速地|急忙|赶快|匆忙地|猛地" },
    { PH_SIZE, SIZE_BIG, 0, false, "变大|大一点|大一些|大些|更大" },
    { PH_SIZE, SIZE_SMALL, 0, false, "变小|小一点|小一些|小些|更小" },
    { PH_LENS, 0, 0, false, "镜头|相机|摄像机|摄影机" },

    { PH_PLACE, REL_LEFT_OF, 0, false, "左边|左侧|左面|左方|左手边|左" },
    { PH_PLACE, REL_RIGHT_OF, 0, false, "右边|右侧|右面|右方|右手边|右" },
    { PH_PLACE, REL_IN_FRONT_OF, 0, false, "前面|前方|前边|身前|面前|前" },
    { PH_PLACE, REL_BEHIND, 0, false, "后面|后方|后边|身后|背后|后" },
    { PH_PLACE, REL_PASSES_BEHIND, 0, false,
      "身后经过|后面经过|后方经过|背后经过|身后走过|后面走过|身后跑过|后面跑过|身后开过|后面开过" },
    { PH_SIDE, REL_LEFT_OF, 0, false, "左边有|左边是|左侧有|左侧是|左面是|画面左边|画面左侧" },
    { PH_SIDE, REL_RIGHT_OF, 0, false, "右边有|右边是|右侧有|右侧是|右面是|画面右边|画面右侧" },
    { PH_DEED, REL_FOLLOWS, 0, false, "跟着|跟随着|跟随|跟在|尾随|尾随着|紧跟着|紧跟|跟踪" },
    { PH_DEED, REL_CHASES, 0, false, "追着|追赶着|追赶|追逐|追逐着|追|追捕|追击|追着跑" },
    { PH_DEED, REL_MEETS, 0, false, "遇见|遇到|遇上|碰见|碰到|碰上|见到|相遇|迎上" },

    { PH_DIR, DIR_LEFT, 0, false,
      "向左|往左|朝左|向左边|朝左边|往左边|向左侧|朝左侧|从右往左|从右向左|从右到左|自右向左|"
      "向左方|朝着左边|从右边往左边|从右边向左边" },
    { PH_DIR, DIR_RIGHT, 0, false,
      "向右|往右|朝右|向右边|朝右边|往右边|向右侧|朝右侧|从左往右|从左向右|从左到右|自左向右|"
      "向右方|朝着右边|从左边往右边|从左边向右边" },
    { PH_DIR, DIR_NEAR, 0, false,
      "向镜头|朝镜头|朝我们|向我们|对着镜头|朝着镜头|朝着我们|往镜头|向着镜头|向着我们|向观众|"
      "朝观众|由远及近|往我们这边|朝我|向我" },
    { PH_DIR, DIR_NEAR, PHRASE_SUFFIX, false, "过来|近了|近" },
    { PH_DIR, DIR_AWAY, 0, false,
      "向远处|朝远处|往远处|向远方|往远方|朝远方|由近及远|朝着远处|朝着远方" },
    { PH_DIR, DIR_AWAY, PHRASE_SUFFIX, false, "远了|远|开去|向天边" },
    { PH_DIR, DIR_ROUND, 0, false,
      "绕圈|兜圈子|绕着圈|绕圈子|兜着圈子|绕着圈子|绕来绕去|打转|盘旋|转着圈|绕圈圈|兜圈" },
    { PH_DIR, DIR_IN, PHRASE_SUFFIX, false, "进画面|入画面|进镜头|入镜头|进来|入画|入镜" },
    { PH_DIR, DIR_OUT, PHRASE_SUFFIX, false, "出画面|出镜头|出去|出画|出镜" },
    { PH_DIR, DIR_UP, 0, false, "向上|往上|朝上|向空中|朝天空" },
    { PH_DIR, DIR_UP, PHRASE_SUFFIX, false, "上去|上天" },
    { PH_DIR, DIR_DOWN, 0, false, "向下|往下|朝下|向地面" },
    { PH_DIR, DIR_DOWN, PHRASE_SUFFIX, false, "下来|下去" },
    { PH_DIR, DIR_ALONG, PHRASE_SUFFIX, false, "过去|过|经过|路过" },

    { PH_MOTION, 0, 0, false,
      "走|爬|开|骑|飞|游|驶|飘|滑|移动|蹦跳|行驶|航行|骑行|行走|爬行|飞行|飞舞|游动|飘动|滑行|游泳|"
      "散步|漫步|溜达|行进|前进|前行|滚动|滚|走动|走路|走着|飞翔|翱翔|巡游|游来游去|走来走去|"
      "飞来飞去|爬来爬去|游荡|闲逛|漂|漂浮|漂流|飘浮|滑翔|滑雪|冲浪|开动|奔走|游着|飞着|走过|飞过|"
      "开过|游过|爬过|经过|路过|匍匐|踱步|蠕动|骑车|航海|蹦蹦跳跳地前进|蹦蹦跳跳|乘风破浪" },
    { PH_MOTION, 1, 0, false, "跳|蹦" },
    { PH_MOTION, 0, PHRASE_FAST, false,
      "跑|奔跑|疾驰|飞驰|奔驰|飞奔|狂奔|跑步|赛跑|冲|奔|跑来跑去|跑着|疾行|跑过|冲过|急驰|猛冲" },
    { PH_ACT, ACT_STAND, 0, false,
      "站着不动|站立不动|静静地站着|站在原地|站着|停在空中不动|静静地悬停着|悬停着|停着不动|"
      "停在原地|待在原地|原地不动|一动不动|站立|静止|站|站住|停下|停下来|停住|停|停着|不动|"
      "静止不动|悬停|坐着|坐|趴|蹲|坐下|等待|等着|等|休息|待着|呆着|趴着|蹲着|停留|站定|伫立" },
    { PH_ACT, ACT_JUMP, 0, false,
      "跳起来|跳了起来|蹦起来|跳跃|高高跳起|蹦了起来|跳起|跳一跳|蹦一蹦|跳高|往上跳|向上跳|"
      "跳了一下|跳一下|跳来跳去|起跳|腾空而起|蹦来蹦去" },
    { PH_ACT, ACT_DANCE, 0, false,
      "跳舞|跳起舞来|翩翩起舞|跳起了舞|舞动|起舞|跳着舞|舞蹈|跳支舞|跳个舞|载歌载舞|手舞足蹈|"
      "跳起舞" },
    { PH_ACT, ACT_SPIN, 0, false,
      "旋转|原地旋转|转圈|原地转圈|转起圈来|转动|转身|自转|转着圈圈|转圈圈|转了一圈|转|打转转|"
      "旋转起来" },
    { PH_ACT, ACT_SLEEP, 0, false,
      "睡觉|呼呼大睡|打盹|酣睡|安静地睡着|睡着|睡着了|睡|睡了|入睡|熟睡|沉睡|打瞌睡|睡去|午睡|"
      "大睡" },
    { PH_ACT, ACT_RISE, 0, false,
      "上升|飞起来|飘起来|游起来|升起来|向上升|往上升|升起|起飞|升空|升上去|升|腾空|飞上天|升高|"
      "上浮|浮上来|浮起来" },
    { PH_ACT, ACT_FALL, 0, false,
      "落下来|下落|向下落|往下掉|掉下来|落下|下沉|沉下去|向下沉|掉落|坠落|降落|下降|摔下来|摔倒|落|"
      "掉|沉|坠下|跌落|跌倒|跌下来|落地" },
    { PH_ACT, ACT_ENTER, 0, false,
      "进入画面|进入镜头|登场|入场|来到画面|出现在画面|出现在画面中|上场|到来|进场|走进来|到达|"
      "来了|登台" },
    { PH_ACT, ACT_LEAVE, 0, false,
      "离开画面|离开镜头|退出画面|退场|离场|消失|走了|离开|下场|离开了|走开|走掉|跑掉|跑了|飞走了|"
      "走出去" },
    { PH_ACT, ACT_APPROACH, 0, false,
      "靠近|走近|接近|靠过来|逼近|走过来|飞过来|游过来|开过来|走来|飞来|驶来|游来|爬来|开来|"
      "向镜头靠近|靠近镜头|走向镜头|飞向镜头|走向我们|飞向我们" },
    { PH_ACT, ACT_GO_AWAY, 0, false,
      "远去|走远|离去|飞远|飞走|开走|游走|驶远|远离|走向远方|走向远处|飞向远方|飞向远处|驶向远方|"
      "开向远方|渐行渐远" },
    { PH_ACT, ACT_APPROACH, PHRASE_FAST, false,
      "跑过来|跑来|跑向镜头|跑向我们|冲过来|冲向镜头|冲向我们" },
    { PH_ACT, ACT_GO_AWAY, PHRASE_FAST, false, "跑远|跑开|跑向远方|跑向远处|冲向远处" },
    { PH_ACT, ACT_MOVE_LEFT, 0, false, "左移" },
    { PH_ACT, ACT_MOVE_RIGHT, 0, false, "右移" },

    { PH_WEATHER, WEATHER_RAIN, 0, false,
      "下着雨|天正下着雨|雨下个不停|正下着雨|下雨|下起雨|下起了雨|下雨了|雨天|下大雨|下小雨|"
      "下着大雨|下着小雨|大雨|倾盆大雨|雷雨|阵雨|雨里|雨中漫步|毛毛雨|下起雨来|暴风雨|淋雨" },
    { PH_WEATHER, WEATHER_SNOW, 0, false,
      "下着雪|天正下着雪|飘着雪|正下着雪|下雪|下起雪|下起了雪|下雪了|雪天|下大雪|下小雪|下着大雪|"
      "下着小雪|大雪纷飞|飘雪|飘起雪|飘起了雪|下起雪来|暴风雪|鹅毛大雪|雪花飘落|雪花飞舞|"
      "飘着雪花" },
    { PH_WEATHER, WEATHER_FOG, 0, false,
      "雾气弥漫|起了雾|到处是雾|起雾|起雾了|有雾|大雾弥漫|雾蒙蒙|浓雾弥漫|雾里" },
    { PH_WEATHER, WEATHER_WIND, 0, false,
      "刮着风|风很大|刮着大风|大风呼啸|刮风|刮大风|刮起风|刮起了风|起风了|吹着风|大风|狂风|"
      "狂风大作|有风|刮风了|微风吹过|寒风" },
    { PH_WEATHER, WEATHER_CLEAR, 0, false,
      "天气晴朗|天空晴朗|天晴着|天晴|晴朗|晴朗的|晴|放晴|阳光明媚|阳光灿烂|阳光|太阳|晴空万里|"
      "万里无云|出太阳|天晴了|晴朗的天空|晴天" },
    { PH_TIME, TIME_DAY, 0, false, "白天|正午|大白天|天亮|天亮了|午后|清晨|早上" },
    { PH_TIME, TIME_DUSK, 0, false,
      "太阳落山|太阳下山|落日|夕阳西下|夕阳|日落时|太阳升起|日出时|傍晚|晚霞|晚霞中|天快黑了|"
      "薄暮" },
    { PH_TIME, TIME_NIGHT, 0, false,
      "夜幕降临|天黑|天黑了|月夜|夜空|夜空下|夜深|月光下|星夜|夜色|夜|午夜|黑夜|晚间|今晚|大半夜" },
    { PH_SCENE, SCENE_MEADOW, 0, false, "草丛|草原|草地|田野|绿地|青草地|草丛里|田野上|草上" },
    { PH_SCENE, SCENE_SNOW, PHRASE_SNOW, false, "雪地|雪上|冰天雪地" },
    { PH_SCENE, SCENE_RIVER, 0, false, "水面|水上|水面上|水里|水中|河面|湖面|湖里|溪流|小溪|河畔" },
    { PH_SCENE, SCENE_NIGHT_CITY, 0, false,
      "城市夜景|夜市|夜晚的城市|城市的夜晚|夜晚的街头|夜间的城市" },
    { PH_SCENE, SCENE_SPACE, 0, false, "星空|银河|星际|外星球" },
    { PH_SCENE, SCENE_SEA_FLOOR, 0, false, "海洋底部|水底世界|海底世界|海中" },
    { PH_SCENE, SCENE_BEACH, 0, false, "沙滩|海滨|海边|沙滩边" },
    { PH_SCENE, SCENE_STAGE, 0, false, "台上|舞台中央|舞台上" },

    { PH_CAMERA, CAMERA_PAN_LEFT, PHRASE_CAMERA_ONLY, false,
      "从右往左移动|从右向左移动|从右往左|从右向左|从右往左摇|从右向左摇|左摇|向左摇|左移|向左移|"
      "向左转|向左移动|向左平移|往左移动|往左摇|往左移|左转|向左推移|向左" },
    { PH_CAMERA, CAMERA_PAN_RIGHT, PHRASE_CAMERA_ONLY, false,
      "从左往右移动|从左向右移动|从左往右|从左向右|从左往右摇|从左向右摇|右摇|向右摇|右移|向右移|"
      "向右转|向右移动|向右平移|往右移动|往右摇|往右移|右转|向右推移|向右" },
    { PH_CAMERA, CAMERA_TILT_UP, PHRASE_CAMERA_ONLY, false,
      "上摇|上移|向上|向上移动|上升|抬起|抬高|向上抬|上仰|仰拍|向上摇|往上摇|往上移动|升高" },
    { PH_CAMERA, CAMERA_TILT_DOWN, PHRASE_CAMERA_ONLY, false,
      "下摇|下移|向下|向下移动|下降|压低|降低|下俯|俯拍|向下摇|往下摇|往下移动" },
    { PH_CAMERA, CAMERA_ZOOM_IN, PHRASE_CAMERA_ONLY, false,
      "拉近|推近|推进|放大|靠近|向前推|变焦拉近|推上去|推|前推|逼近" },
    { PH_CAMERA, CAMERA_ZOOM_OUT, PHRASE_CAMERA_ONLY, false,
      "拉远|推远|缩小|后拉|远离|向后拉|拉开|变焦拉远|后退" },
    { PH_CAMERA, CAMERA_TRACK, PHRASE_CAMERA_ONLY, false,
      "跟拍|跟随|追随|跟进|跟着|追踪|跟踪|一路跟随|跟着移动|跟" },
    { PH_CAMERA, CAMERA_SHAKE, PHRASE_CAMERA_ONLY, false,
      "抖动|晃动|摇晃|颤动|抖|手持|颤抖|晃来晃去|震动" },
    { PH_CAMERA, CAMERA_STILL, PHRASE_CAMERA_ONLY, false,
      "静止|固定|不动|保持不动|静止不动|一动不动|固定不动|不变|停住" },
    { PH_CAMERA, CAMERA_TRACK, 0, false, "跟拍|跟随拍摄|跟踪拍摄" },
    { PH_CAMERA, CAMERA_SHAKE, 0, false,
      "手持镜头|手持拍摄|镜头抖动|晃动镜头|抖动的镜头|晃动的镜头" },
    { PH_CAMERA, CAMERA_STILL, 0, false, "固定机位|定机位|静止镜头|固定镜头" },
    { PH_CAMERA, CAMERA_ZOOM_IN, 0, false, "推镜头|推近镜头|拉近镜头" },
    { PH_CAMERA, CAMERA_ZOOM_OUT, 0, false, "拉镜头|拉远镜头" },

    { PH_COMMAND, COMMAND_TAKE, 0, false, "把|将|用" },
    { PH_COMMAND, COMMAND_INTO, 0, false, "变成|换成|变为|改成|替换成|替换为|改为|换为|变成了|变" },
    { PH_COMMAND, COMMAND_INSTEAD, 0, false, "代替|替换|替代|换掉|取代" },
    { PH_COMMAND, COMMAND_REMOVE, 0, false,
      "去掉|删掉|删除|移除|拿走|移走|去除|抹掉|拿掉|擦掉|不要|除掉|消除|拿开|去掉所有" },
    { PH_COMMAND, COMMAND_ADD, 0, false,
      "添加|加上|加入|增加|加|放上|放|再加|添上|添|放一个|加进" },
    { PH_VERB, 0, 0, false,
      "吃|喝|看|看着|玩|唱歌|唱|画画|写字|读书|看书|说话|笑|哭|打架|踢|扔|抓|推着|拉着|举起|举着|"
      "打开|关上|爆炸|发射|射击|叫|吼叫|亲吻|拥抱|挥手|鼓掌|躲藏|寻找|清洗|挖|剪|穿着|咬|舔|闻|"
      "吃草|吃着|喝水|做饭|工作|打球|踢球|弹琴|弹|演奏|钓鱼|打电话|战斗|飘扬|闪烁|发光|燃烧|融化|"
      "生长|盛开|玩耍|嬉戏|微笑|戴着|抱着|背着|推开|倒|洗澡|购物|上课|学习" },
    { PH_QUALITY, 0, 0, false,
      "红色的|绿色的|蓝色的|黄色的|橙色的|紫色的|粉色的|粉红色的|黑色的|白色的|棕色的|灰色的|"
      "金色的|银色的|彩色的|红色|绿色|蓝色|黄色|橙色|紫色|粉色|黑色|白色|棕色|灰色|金色|银色|彩色|"
      "胖胖的|胖|瘦|年老的|老|年轻的|生气的|伤心的|木头的|毛茸茸的|高高的|勇敢的|孤独的|古老的|"
      "神奇的|红|绿|蓝|黄|白|黑|紫|橘|灰|棕|粉|金|银|野|公|母|雌|雄|幼" },
    { PH_STOP, 0, PHRASE_SUFFIX, false,
      "里|上|下|中|内|外|边|得|地|着|了|过|时|来|去|起|出|进|入|身|下面" },
    { PH_STOP, 0, 0, false, FUNCTION_WORDS },
    { 0 },
};
