#include "world/stage_plan.h"

#include <math.h>

#include "base/rng.h"

static double smooth(double q)
{
    q = q < 0 ? 0 : q > 1 ? 1 : q;
    return q * q * (3 - 2 * q);
}

static void plan_pan(CameraPlan *c, const View *v, bool alone, float way)
{
    float most = alone ? 0.42f : 0.26f; /* several need the width themselves */
    float amount = stage_draw(c->seed, 'p', 0.8f * most, most) * v->aspect;
    amount = fminf(fmaxf(amount, 0.14f), 0.7f);
    c->x0 = -way * amount / 2;
    c->x1 = way * amount / 2;
}

/* How the clip is framed is drawn here; where the subject is comes in with stage_camera_at. */
void stage_camera_plan(StagePlan *p)
{
    CameraPlan *c = &p->camera;
    *c = (CameraPlan){ .kind = p->image ? CAMERA_STILL : p->facts.camera,
                       .seconds = p->seconds,
                       .zoom0 = 1,
                       .zoom1 = 1,
                       .seed = rng_split(p->seed, 'c') };
    bool alone = p->facts.actors < 2;
    float zoom = stage_draw(c->seed, 'z', alone ? 1.35f : 1.25f, alone ? 1.55f : 1.4f);
    switch (c->kind) {
    case CAMERA_PAN_LEFT: plan_pan(c, &p->view, alone, -1); break;
    case CAMERA_PAN_RIGHT: plan_pan(c, &p->view, alone, 1); break;
    case CAMERA_TILT_UP: c->y0 = 0.17f, c->y1 = -0.07f; break;
    case CAMERA_TILT_DOWN: c->y0 = -0.07f, c->y1 = 0.17f; break;
    case CAMERA_ZOOM_IN: c->zoom1 = zoom; break;
    case CAMERA_ZOOM_OUT: c->zoom0 = zoom; break;
    case CAMERA_SHAKE: c->shake = stage_draw(c->seed, 's', 0.011f, 0.018f); break;
    default: break;
    }
}

/* The subject's way without its hops, averaged over half a second: the camera is heavier. */
static float followed_x(const StagePlan *p, double t)
{
    double sum = 0;
    for (int i = -3; i <= 3; i++) {
        double at = t + i * 0.08;
        sum += stage_ground_x(&p->actor[0], at < 0 ? 0 : at > p->seconds ? p->seconds : at);
    }
    return (float)(sum / 7);
}

static void shake(const CameraPlan *c, double t, ViewCamera *out)
{
    double a = stage_draw(c->seed, 'a', 0, 6.28f), b = stage_draw(c->seed, 'b', 0, 6.28f);
    out->x += c->shake * (float)(sin(t * 17.3 + a) + 0.6 * sin(t * 29.1 + b));
    out->y += c->shake * (float)(sin(t * 21.7 + b) + 0.6 * sin(t * 33.7 + a));
}

ViewCamera stage_camera_at(const StagePlan *p, double t)
{
    const CameraPlan *c = &p->camera;
    double share = c->seconds > 0 ? t / c->seconds : 0;
    double q = 0.25 * smooth(share) + 0.75 * share; /* under way from the first frame */
    ViewCamera out = { .x = c->x0 + (c->x1 - c->x0) * (float)q,
                       .y = c->y0 + (c->y1 - c->y0) * (float)q,
                       .zoom = c->zoom0 * powf(c->zoom1 / c->zoom0, (float)q) };
    const BodyPlan *s = &p->actor[0];
    if (c->kind == CAMERA_TRACK) out.x = followed_x(p, t);
    if (c->kind == CAMERA_ZOOM_IN || c->kind == CAMERA_ZOOM_OUT) {
        /* Its feet stay in the picture, and what floats stays where it is. */
        float feet = fminf(stage_bottom(&p->view, s, s->depth, s->low), 0.9f);
        float middle = feet - s->height / s->depth / 2;
        out.y = fmaxf((middle - 0.5f) * (1 - 1 / out.zoom), feet - 0.5f - 0.43f / out.zoom);
    }
    if (c->kind == CAMERA_SHAKE) shake(c, t, &out);
    return out;
}
