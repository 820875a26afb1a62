#include <stdio.h>

#include "words/caption_zh.h"

/* A '+' before a predicate: it lasts, so that 正在 may stand before it. */

static const char *const slow_verb[WAY_COUNT] = {
    [WAY_WALK] = "走",    [WAY_HOP] = "跳",  [WAY_CRAWL] = "爬", [WAY_SLITHER] = "爬",
    [WAY_DRIVE] = "开",   [WAY_RIDE] = "骑", [WAY_TRAIN] = "开", [WAY_FLY] = "飞",
    [WAY_FLUTTER] = "飞", [WAY_SWIM] = "游", [WAY_SAIL] = "驶",  [WAY_FLOAT] = "飘",
    [WAY_SLIDE] = "滑",
};
static const char *const aimless_slow[WAY_COUNT] = {
    [WAY_WALK] = "行走",    [WAY_HOP] = "蹦蹦跳跳地前进", [WAY_CRAWL] = "爬行",
    [WAY_SLITHER] = "爬行", [WAY_DRIVE] = "行驶",         [WAY_RIDE] = "骑行",
    [WAY_TRAIN] = "行驶",   [WAY_FLY] = "飞行",           [WAY_FLUTTER] = "飞舞",
    [WAY_SWIM] = "游动",    [WAY_SAIL] = "航行",          [WAY_FLOAT] = "飘动",
    [WAY_SLIDE] = "滑行",
};

typedef struct Motion {
    const char *adverb, *verb; /* verb NULL: of no kind (移动) */
    bool fast;
    Way way;
} Motion;

static Motion motion(Teller *t, int i, int e, bool together)
{
    const Entry *entry = teller_entry(t, i);
    Motion m = { "", slow_verb[entry->way], t->say.fast[i] >> e & 1, entry->way };
    bool hidden = t->facts->actor[i].event[e].fast && !m.fast;
    if (together || hidden || (entry->own_verbs_only && entry->way == WAY_RIDE)) m.verb = NULL;
    bool runs = m.fast && m.verb && entry->way == WAY_WALK;
    if (runs) m.verb = "跑";
    if (m.fast && (!runs || teller_chance(t, 0.4))) m.adverb = ONE(t, "飞快地", "快速地", "迅速地");
    return m;
}

static ZhVp vp(const char *a, const char *b, const char *c, const char *d)
{
    ZhVp p = { .lasts = *a == '+' };
    snprintf(p.s, sizeof p.s, "%s%s%s%s", a + p.lasts, b, c, d);
    return p;
}

static ZhVp with_adverb(const char *adverb, const char *s)
{
    bool lasts = *s == '+';
    ZhVp p = vp(adverb, s + lasts, "", "");
    p.lasts = lasts;
    return p;
}

/* The speed where no verb says it. */
static const char *swiftly(Teller *t, const Motion *m)
{
    return m->fast && !*m->adverb ? ONE(t, "飞快地", "快速地", "迅速地") : m->adverb;
}

static ZhVp sideways(Teller *t, const Motion *m, bool left, bool heading)
{
    if (!heading) {
        const char *verb = !m->verb                        ? "移动"
                           : m->way == WAY_WALK && m->fast ? "奔跑"
                                                           : aimless_slow[m->way];
        ZhVp p = vp("+", m->adverb, verb, "");
        return p;
    }
    const char *verb = !m->verb ? "移动" : m->verb;
    if (m->verb && (m->way == WAY_DRIVE || m->way == WAY_TRAIN || m->way == WAY_SAIL)) {
        verb = m->way == WAY_SAIL ? "航行" : m->fast ? ONE(t, "疾驰", "飞驰", "行驶") : "行驶";
    } else if (m->verb && m->way == WAY_HOP && teller_chance(t, 0.35)) {
        verb = "蹦跳";
    } else if (m->verb && m->way == WAY_RIDE) {
        verb = "骑行";
    }
    const char *to =
        left ? ONE(t, "向左", "向左", "往左", "向左边", "朝左边", "从右往左", "从右向左")
             : ONE(t, "向右", "向右", "往右", "向右边", "朝右边", "从左往右", "从左向右");
    return vp("+", m->adverb, to, verb);
}

static ZhVp nearer(Teller *t, const Motion *m)
{
    if (!m->verb || teller_chance(t, 0.25))
        return with_adverb(swiftly(t, m),
                           ONE(t, "向镜头靠近", "朝我们靠近", "向我们靠近", "朝镜头靠近"));
    return vp(m->adverb, ONE(t, "向镜头", "朝镜头", "朝我们", "向我们"), m->verb,
              ONE(t, "来", "过来"));
}

static ZhVp farther(Teller *t, const Motion *m)
{
    if (!m->verb || teller_chance(t, 0.2))
        return with_adverb(swiftly(t, m), ONE(t, "向远处离去", "朝远处移动", "向远方离去"));
    return vp(m->adverb, ONE(t, "向远处", "朝远处", "往远处", "向远方", "往远方"), m->verb, "去");
}

static ZhVp circling(Teller *t, const Motion *m)
{
    if (!m->verb) return with_adverb(swiftly(t, m), ONE(t, "+绕圈", "+兜圈子", "+绕着圈移动"));
    if (m->way == WAY_RIDE || teller_chance(t, 0.25))
        return with_adverb(swiftly(t, m), ONE(t, "+绕圈", "+兜圈子"));
    return vp("+", m->adverb, ONE(t, "绕着圈", "绕圈"), m->verb);
}

static ZhVp coming(Teller *t, const Motion *m, bool in)
{
    bool plain = !m->verb || teller_chance(t, 0.35);
    if (in && plain) return with_adverb(swiftly(t, m), ONE(t, "进入画面", "进入镜头"));
    if (plain) return with_adverb(swiftly(t, m), ONE(t, "离开画面", "离开镜头", "退出画面"));
    return vp(m->adverb, m->verb,
              in ? ONE(t, "进画面", "入画面", "进镜头") : ONE(t, "出画面", "出镜头"), "");
}

static const char *standing(Teller *t, Way w, bool together)
{
    if (!together && (w == WAY_WALK || w == WAY_HOP))
        return ONE(t, "站着不动", "站立不动", "静静地站着", "站在原地", "站着");
    if (!together && (w == WAY_FLY || w == WAY_FLUTTER || w == WAY_FLOAT))
        return ONE(t, "停在空中不动", "静静地悬停着", "悬停着", "停着不动");
    return ONE(t, "停着不动", "停在原地", "待在原地", "原地不动", "一动不动");
}

static const char *upward(Teller *t, Way w, bool together)
{
    if (!together && (w == WAY_FLY || w == WAY_FLUTTER) && teller_chance(t, 0.5))
        return ONE(t, "向上飞", "飞起来", "往上飞");
    if (!together && w == WAY_SWIM && teller_chance(t, 0.5)) return ONE(t, "向上游", "往上游");
    if (!together && w == WAY_FLOAT && teller_chance(t, 0.5)) return ONE(t, "向上飘", "飘起来");
    return ONE(t, "上升", "升起来", "向上升", "往上升", "升起");
}

static const char *downward(Teller *t, Way w, bool together)
{
    if (!together && (w == WAY_SWIM || w == WAY_SAIL) && teller_chance(t, 0.5))
        return ONE(t, "下沉", "沉下去", "向下沉");
    return ONE(t, "落下来", "下落", "向下落", "往下掉", "掉下来");
}

static const char *plain_action(Teller *t, Action a)
{
    switch (a) {
    case ACT_JUMP: return ONE(t, "跳起来", "跳了起来", "蹦起来", "+跳跃", "高高跳起", "蹦了起来");
    case ACT_DANCE: return ONE(t, "+跳舞", "+跳舞", "跳起舞来", "翩翩起舞", "跳起了舞");
    case ACT_SPIN: return ONE(t, "+旋转", "+原地旋转", "+转圈", "+原地转圈", "转起圈来");
    default: return ONE(t, "+睡觉", "+睡觉", "呼呼大睡", "+打盹", "+酣睡", "安静地睡着");
    }
}

ZhVp zh_event(Teller *t, int i, int e, int actors)
{
    Action a = t->facts->actor[i].event[e].action;
    Way w = teller_entry(t, i)->way;
    bool together = actors > 1, heading = t->say.heading[i] >> e & 1;
    Motion m = motion(t, i, e, together);
    teller_said_event(t, i, e, heading, m.fast);
    switch (a) {
    case ACT_MOVE_LEFT:
    case ACT_MOVE_RIGHT: return sideways(t, &m, a == ACT_MOVE_LEFT, heading);
    case ACT_APPROACH: return nearer(t, &m);
    case ACT_GO_AWAY: return farther(t, &m);
    case ACT_CIRCLE: return circling(t, &m);
    case ACT_ENTER:
    case ACT_LEAVE: return coming(t, &m, a == ACT_ENTER);
    default: break;
    }
    const char *adverb = m.fast ? ONE(t, "飞快地", "快速地", "迅速地") : "";
    const char *s = a == ACT_STAND  ? standing(t, w, together)
                    : a == ACT_RISE ? upward(t, w, together)
                    : a == ACT_FALL ? downward(t, w, together)
                                    : plain_action(t, a);
    return with_adverb(adverb, s);
}

static const char *size_word(Teller *t, int i)
{
    if (!(t->say.size >> i & 1)) return "";
    t->said.size |= (uint8_t)(1 << i);
    return t->facts->actor[i].size == SIZE_SMALL ? ONE(t, "很小的", "小小的", "个头很小的")
                                                 : ONE(t, "很大的", "巨大的", "个头很大的");
}

void zh_put_bare_actor(Teller *t, Text *out, int i)
{
    t->said.actor |= (uint8_t)(1 << i);
    text_puts(out, size_word(t, i), t->actor_word[i]->text, NULL);
}

void zh_put_actor(Teller *t, Text *out, int i)
{
    for (int j = 0; j < i; j++)
        if ((t->said.actor >> j & 1) && t->facts->actor[j].actor == t->facts->actor[i].actor) {
            text_put(out, "另");
            break;
        }
    text_puts(out, "一", teller_entry(t, i)->measure, NULL);
    zh_put_bare_actor(t, out, i);
}

void zh_put_actor_again(Teller *t, Text *out, int i)
{
    int kin, rank = teller_rank(t, i, &kin);
    const char *which = kin == 1 ? "这" : rank == 1 ? "第一" : rank == 2 ? "第二" : "第三";
    text_puts(out, which, teller_entry(t, i)->measure, t->actor_word[i]->text);
}

void zh_put_actors(Teller *t, Text *out)
{
    int first = t->actor[0];
    if (teller_all_alike(t)) {
        text_puts(out, t->shown == 2 ? "两" : "三", teller_entry(t, first)->measure, NULL);
        zh_put_bare_actor(t, out, first);
        for (int k = 1; k < t->shown; k++) {
            t->said.actor |= (uint8_t)(1 << t->actor[k]);
            t->said.size |= (uint8_t)(t->say.size & (1 << t->actor[k]));
        }
        return;
    }
    for (int k = 0; k < t->shown; k++) {
        if (k) text_put(out, k + 1 < t->shown ? "、" : "和");
        zh_put_actor(t, out, t->actor[k]);
    }
}

void zh_put_pronoun(Teller *t, Text *out, int i)
{
    const char *who = teller_entry(t, i)->who;
    if (t->shown > 1 || !*who)
        zh_put_actor_again(t, out, i);
    else
        text_put(out, strcmp(who, "he") == 0 ? "他" : strcmp(who, "she") == 0 ? "她" : "它");
}

void zh_put_props(Teller *t, Text *out)
{
    bool first = true;
    for (int p = 0; p < t->facts->props; p++) {
        if (!(t->say.prop >> p & 1)) continue;
        t->said.prop |= (uint8_t)(1 << p);
        bool another = p && (t->said.prop & 1) && t->facts->prop[0] == t->facts->prop[1];
        text_puts(out, first ? "" : "和", another ? "另一" : "一",
                  lexicon_entry(t->lex, WORD_PROP, t->facts->prop[p])->measure);
        text_put(out, t->prop_word[p]->text);
        first = false;
    }
}

void zh_put_camera(Teller *t, Text *out)
{
    t->said.camera = true;
    text_puts(out, "镜头", teller_word(t, WORD_CAMERA, (int)t->facts->camera, false)->second, NULL);
}

const char *zh_weather_clause(Teller *t)
{
    t->said.weather = true;
    switch (t->facts->weather) {
    case WEATHER_RAIN: return ONE(t, "下着雨", "天正下着雨", "雨下个不停", "正下着雨");
    case WEATHER_SNOW: return ONE(t, "下着雪", "天正下着雪", "飘着雪", "正下着雪");
    case WEATHER_FOG: return ONE(t, "雾气弥漫", "起了雾", "到处是雾");
    case WEATHER_WIND: return ONE(t, "刮着风", "风很大", "刮着大风", "大风呼啸");
    default: return ONE(t, "天气晴朗", "天空晴朗", "天晴着");
    }
}

static const char *side(Teller *t, Relation r)
{
    switch (r) {
    case REL_LEFT_OF: return ONE(t, "的左边", "左边", "的左侧");
    case REL_RIGHT_OF: return ONE(t, "的右边", "右边", "的右侧");
    case REL_IN_FRONT_OF: return ONE(t, "的前面", "前面", "的前方");
    default: return ONE(t, "的后面", "后面", "的后方");
    }
}

void zh_put_relation(Teller *t, Text *out, bool again)
{
    Relation r = t->facts->relation;
    t->said.relation = true;
    const char *before = "在", *after = "";
    switch (r) {
    case REL_FOLLOWS: before = ONE(t, "跟着", "跟随着"); break;
    case REL_CHASES: before = ONE(t, "追着", "追赶着"); break;
    case REL_MEETS: before = ONE(t, "遇见", "遇到", "遇上"); break;
    case REL_PASSES_BEHIND:
        before = "从";
        after = ONE(t, "身后经过", "后面经过", "的身后经过");
        break;
    case REL_BIGGER_THAN:
        before = "比";
        after = ONE(t, "大", "更大");
        break;
    default: after = side(t, r);
    }
    text_put(out, before);
    if (again)
        zh_put_actor_again(t, out, 1);
    else
        zh_put_actor(t, out, 1);
    text_put(out, after);
}
