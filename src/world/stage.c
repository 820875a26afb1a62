#include "world/stage.h"

#include <math.h>

#include "base/rng.h"
#include "world/stage_plan.h"

/* What a picture of one moment is taken from: an event of this length. */
static const double IMAGE_SECONDS = 2;

float stage_draw(uint64_t seed, uint64_t tag, float lo, float hi)
{
    return lo + (hi - lo) * (float)rng_uniform(rng_split(seed, tag), 0);
}

bool stage_chance(uint64_t seed, uint64_t tag, float p)
{
    return rng_uniform(rng_split(seed, tag), 0) < p;
}

/* A plan needs events in order of time, within the clip, one at least. */
static void facts_order(Facts *f)
{
    for (int i = 0; i < f->actors; i++) {
        ActorFacts *a = &f->actor[i];
        if (a->events == 0) {
            a->events = 1;
            a->event[0] = (Event){ ACT_STAND, false, 0, 1 };
        }
        float t = 0;
        for (int e = 0; e < a->events; e++) {
            Event *v = &a->event[e];
            v->start = fminf(fmaxf(v->start, t), 1);
            v->end = fminf(fmaxf(v->end, v->start), 1);
            t = v->end;
        }
    }
}

void stage_plan(const Cast *cast, const Facts *f, uint64_t seed, const WorldFrames *size,
                StagePlan *out)
{
    bool image = size->frames == 1;
    *out = (StagePlan){ .facts = *f,
                        .seed = rng_split(seed, 'S'),
                        .image = image,
                        .view = view_of(f->scene, (float)size->width / size->height, seed),
                        .seconds = image ? IMAGE_SECONDS : (double)size->frames / size->fps };
    facts_order(&out->facts);
    stage_camera_plan(out);
    Lane lane[FACTS_ACTORS_MAX];
    stage_layout_actors(cast, out, lane);
    for (size_t i = 0; i < out->facts.actors; i++) stage_legs(out, i, &lane[i]);
    if (out->facts.actors) stage_layout_props(cast, out);
}

/* How much a moment tells of what is being done. */
static float telling(const StagePlan *p, const BodyPlan *b, const Leg *g, double s, const Pose *q)
{
    double share = (s - g->t0) / (g->t1 - g->t0);
    float middle = (float)fabs(share - stage_draw(b->seed, 'i', 0.35f, 0.65f));
    float rest = stage_bottom(&p->view, b, g->d1, g->a1);
    switch (g->action) {
    case ACT_JUMP: return rest - q->y;
    case ACT_DANCE: return fabsf(q->turn) - 0.02f * middle;
    case ACT_SPIN: return fabsf(fabsf(q->mirror) - 0.75f) < 0.1f ? 1 - middle : -middle;
    case ACT_ENTER:
    case ACT_LEAVE: return -fabsf(fabsf(q->x) - p->view.aspect / 2 + 0.2f * b->width);
    case ACT_APPROACH:
    case ACT_GO_AWAY: return -fabsf(q->depth / b->depth - 1.4f);
    default: break;
    }
    return -middle + 0.4f * (rest - q->y); /* who hops is up */
}

/* The moment of an image: each actor in its own, in its first event. */
static void pose_image(const StagePlan *p, const BodyPlan *b, Pose *out)
{
    const Leg *g = &b->leg[0];
    for (size_t i = 1; i < b->legs && g->action == ACT_STAND; i++) g = &b->leg[i];
    float best = 0;
    for (int k = 0; k < 48; k++) {
        double t = g->t0 + (g->t1 - g->t0) * (k + 0.5) / 48;
        Pose q;
        stage_pose(p, b, t, &q);
        float score = telling(p, b, g, t, &q);
        if (k > 0 && score <= best) continue;
        best = score;
        *out = q;
    }
}

static void range_add(Stage *s, const ViewCamera *c)
{
    s->pan_min = fminf(s->pan_min, c->x), s->pan_max = fmaxf(s->pan_max, c->x);
    s->tilt_min = fminf(s->tilt_min, c->y), s->tilt_max = fmaxf(s->tilt_max, c->y);
    s->zoom_min = fminf(s->zoom_min, c->zoom);
}

void stage_make(const Cast *cast, const Facts *f, uint64_t seed, const WorldFrames *size, Arena *a,
                Stage *out)
{
    StagePlan p;
    stage_plan(cast, f, seed, size, &p);
    *out = (Stage){ .facts = *f,
                    .seed = seed,
                    .view = p.view,
                    .frames = size->frames,
                    .frame = arena_zero(a, size->frames * sizeof *out->frame),
                    .zoom_min = 1 };
    for (size_t k = 0; k < size->frames; k++) {
        StageFrame *frame = &out->frame[k];
        frame->time_s = p.image ? 0 : (double)k / size->fps;
        frame->camera = p.image ? (ViewCamera){ 0, 0, 1 } : stage_camera_at(&p, frame->time_s);
        range_add(out, &frame->camera);
        for (size_t i = 0; i < p.facts.actors; i++) {
            if (p.image)
                pose_image(&p, &p.actor[i], &frame->actor[i]);
            else
                stage_pose(&p, &p.actor[i], frame->time_s, &frame->actor[i]);
        }
        for (size_t i = 0; i < p.facts.props; i++) {
            frame->prop[i] = p.prop[i];
            frame->prop[i].time_s += (float)frame->time_s;
        }
    }
}

static const Pose *body(const StageFrame *f, size_t i)
{
    return i < FACTS_ACTORS_MAX ? &f->actor[i] : &f->prop[i - FACTS_ACTORS_MAX];
}

size_t stage_order(const Stage *s, const StageFrame *f, uint8_t order[STAGE_BODIES_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < STAGE_BODIES_MAX; i++) {
        bool prop = i >= FACTS_ACTORS_MAX;
        if (i - (prop ? FACTS_ACTORS_MAX : 0) >= (prop ? s->facts.props : s->facts.actors))
            continue;
        if (!body(f, i)->present) continue;
        size_t k = n++;
        for (; k > 0 && body(f, order[k - 1])->depth < body(f, i)->depth; k--)
            order[k] = order[k - 1];
        order[k] = (uint8_t)i;
    }
    return n;
}

PoseBox pose_box(const View *v, const ViewCamera *c, const Pose *p, float aspect)
{
    float height = p->height * p->stretch_y;
    PoseBox b = { .height = height * c->zoom,
                  .width = p->height * aspect * p->stretch_x * fabsf(p->mirror) * c->zoom };
    view_point(v, c, p->x, p->y - height / 2, p->depth, &b.x, &b.y);
    return b;
}
