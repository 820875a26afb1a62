/* Parts of Chinese captions. They are written in simplified characters and converted as a whole. */
#ifndef WORDS_CAPTION_ZH_H
#define WORDS_CAPTION_ZH_H

#include "words/teller.h"

typedef struct ZhVp {
    char s[128];
    bool lasts; /* may follow 正在 and stand before 的 */
} ZhVp;

/* What actor i does in event e; `actors` > 1: one predicate for all that are shown. Marks it said.
 */
ZhVp zh_event(Teller *t, int i, int e, int actors);

void zh_put_actor(Teller *t, Text *out, int i);       /* 一只很小的狗, 另一只狗 */
void zh_put_bare_actor(Teller *t, Text *out, int i);  /* 很小的狗 */
void zh_put_actor_again(Teller *t, Text *out, int i); /* 这只狗 */
void zh_put_actors(Teller *t, Text *out);             /* 一只狗和一只猫, 两只狗 */
void zh_put_pronoun(Teller *t, Text *out, int i);     /* 它 */
void zh_put_props(Teller *t, Text *out);              /* 一个红苹果和一张床 */
void zh_put_camera(Teller *t, Text *out);             /* 镜头向左摇 */

const char *zh_weather_clause(Teller *t); /* 下着雨 */

/* The relation with actor 1 named, as what stands before a predicate: 追着一只猫, 在一只猫的左边.
 */
void zh_put_relation(Teller *t, Text *out, bool again);

#endif
