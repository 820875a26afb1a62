#include "train/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct Events {
    FILE *f;
    char path[4096];
    unsigned char *text; /* a message being put together */
    size_t size, room;
};

/* CRC-32C (Castagnoli), bit by bit: messages are short and few. */
static uint32_t crc32c(const unsigned char *p, size_t size)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static uint32_t masked_crc(const void *p, size_t size)
{
    uint32_t crc = crc32c(p, size);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* ---- protocol buffers ------------------------------------------------------------------ */

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

static void put(Events *e, const void *bytes, size_t size)
{
    if (e->size + size > e->room) {
        size_t room = 2 * (e->size + size);
        void *grown = realloc(e->text, room);
        if (!grown) return; /* a record less */
        e->text = grown;
        e->room = room;
    }
    memcpy(e->text + e->size, bytes, size);
    e->size += size;
}

static void put_varint(Events *e, uint64_t x)
{
    do {
        unsigned char byte = (unsigned char)((x & 127) | (x > 127 ? 128 : 0));
        put(e, &byte, 1);
    } while (x >>= 7);
}

static void put_tag(Events *e, unsigned field, unsigned wire)
{
    put_varint(e, field << 3 | wire);
}

static void put_bytes(Events *e, unsigned field, const void *bytes, size_t size)
{
    put_tag(e, field, WIRE_BYTES);
    put_varint(e, size);
    put(e, bytes, size);
}

static void put_number(Events *e, unsigned field, uint64_t x)
{
    put_tag(e, field, WIRE_VARINT);
    put_varint(e, x);
}

/* What was put since `start` becomes one field of that many bytes. */
static void wrap(Events *e, unsigned field, size_t start)
{
    size_t size = e->size - start;
    unsigned char *inner = malloc(size ? size : 1);
    if (!inner) return;
    memcpy(inner, e->text + start, size);
    e->size = start;
    put_bytes(e, field, inner, size);
    free(inner);
}

static void write_record(Events *e)
{
    uint64_t length = e->size;
    uint32_t head = masked_crc(&length, sizeof length), body = masked_crc(e->text, e->size);
    fwrite(&length, sizeof length, 1, e->f);
    fwrite(&head, sizeof head, 1, e->f);
    fwrite(e->text, 1, e->size, e->f);
    fwrite(&body, sizeof body, 1, e->f);
    fflush(e->f);
    e->size = 0;
}

static void put_time(Events *e)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    put_tag(e, 1, WIRE_64);
    put(e, &seconds, sizeof seconds);
}

/* ---- events ---------------------------------------------------------------------------- */

SoraStatus events_open(const char *dir, Events **out)
{
    Events *e = calloc(1, sizeof *e);
    if (!e) return err_set(SORA_E_MEMORY, "no memory for an event file");
    snprintf(e->path, sizeof e->path, "%s/events.out.tfevents.%lld.sora", dir,
             (long long)time(NULL));
    e->f = fopen(e->path, "ab");
    if (!e->f) {
        SoraStatus s = err_set(SORA_E_IO, "cannot write %s: %s", e->path, strerror(errno));
        free(e);
        return s;
    }
    static const char version[] = "brain.Event:2";
    put_time(e);
    put_bytes(e, 3, version, sizeof version - 1);
    write_record(e);
    *out = e;
    return SORA_OK;
}

/* Event.summary.value: everything since the start of the text is the value's fields. */
static void write_value(Events *e, uint64_t step)
{
    wrap(e, 1, 0);
    wrap(e, 5, 0);
    put_number(e, 2, step);
    put_time(e);
    write_record(e);
}

void events_number(Events *e, const char *tag, uint64_t step, float value)
{
    put_bytes(e, 1, tag, strlen(tag));
    put_tag(e, 2, WIRE_32);
    put(e, &value, sizeof value);
    write_value(e, step);
}

void events_picture(Events *e, const char *tag, uint64_t step, size_t height, size_t width,
                    Slice png)
{
    enum { RGB = 3 };
    put_number(e, 1, height);
    put_number(e, 2, width);
    put_number(e, 3, RGB);
    put_bytes(e, 4, png.bytes, png.size);
    wrap(e, 4, 0);
    put_bytes(e, 1, tag, strlen(tag));
    write_value(e, step);
}

SoraStatus events_close(Events *e)
{
    if (!e) return SORA_OK;
    SoraStatus s = SORA_OK;
    if (ferror(e->f)) s = err_set(SORA_E_IO, "cannot write %s", e->path);
    if (fclose(e->f) != 0) s = err_set(SORA_E_IO, "cannot write %s: %s", e->path, strerror(errno));
    free(e->text);
    free(e);
    return s;
}
