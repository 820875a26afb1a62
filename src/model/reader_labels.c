#include "model/reader_labels.h"

static void answer(ReadingLabels *l, ReadHead head, size_t value, bool seen)
{
    l->answer[head] = (uint32_t)value;
    l->weight[head] = seen ? 1 : 0;
}

void reading_labels(const Facts *f, const CaptionView *view, ReadingLabels *out)
{
    *out = (ReadingLabels){ .actor_count = f->actors };
    answer(out, READ_SCENE, f->scene, view->scene);
    answer(out, READ_TIME, f->time, view->time);
    answer(out, READ_WEATHER, f->weather, view->weather);
    answer(out, READ_CAMERA, f->camera, view->camera);
    answer(out, READ_LIKENESS, 1, true);
    bool all = f->actors > 0;
    for (size_t i = 0; i < f->actors; i++) {
        out->actors[i] = f->actor[i].actor;
        out->seen[i] = view->actor >> i & 1;
        all = all && out->seen[i];
    }
    answer(out, READ_COUNT, all ? f->actors - 1 : 0, all);
    const ActorFacts *a = &f->actor[0];
    bool alone = f->actors == 1 && out->seen[0];
    answer(out, READ_ACTION, alone ? a->event[0].action : 0,
           alone && a->events == 1 && (view->event[0] & 1));
    answer(out, READ_SIZE, alone ? a->size : 0,
           alone && (a->size == SIZE_NORMAL || view->size & 1));
}
