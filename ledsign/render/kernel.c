/* Looking glyphs up and placing their rows on a page: what numpy does in ledsign/render/glyphs.py and raster.py,
 * byte for byte the same. CPython's stable ABI from 3.11 on.
 *
 * The functions that draw allocate the page, fill it and return it as bytes.
 *
 * rects: int32 (k, 8): x, y, width, height, dotted, red, green, blue.
 * texts: sequence of tuples
 *   (rows, ids, blocks, rows of a cell, bytes of a row, LEDs of a cell, scale, ink, ground, halves, whole, packed)
 * rows: cells, row after row, packed LEDs a byte: 8, leftmost in the high bit, or, on full-colour pages, 0: three
 * bytes a LED, ready to be copied; ids: uint32, which of them, or None for all in order.
 * halves, whole: None and 0, or the ids are those of half cells: below whole one side of a cell of twice as many
 * bytes in rows, from there on a cell in halves;
 * blocks: int32 (k, 5): x, y, cells a line, lines, LEDs from line to line; ink, ground: 0xRRGGBB, of no
 * meaning where a LED is one bit: there every text given is lit.
 */
#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#define MOST_SCALE 7

typedef struct {
    const uint8_t *rows, *halves;
    const uint32_t *ids; /* NULL: all cells in order */
    const int32_t *blocks;
    Py_ssize_t count, size; /* blocks, bytes of a cell */
    int high, bytes, leds, scale;
    int packed;
    unsigned ink, ground, whole;
    Py_buffer rows_view, ids_view, blocks_view, halves_view;
} Text;

typedef struct {
    const uint8_t *top;
    Py_ssize_t step; /* bytes from row to row */
} Cell;

typedef struct {
    uint8_t *page;
    Py_ssize_t width, height, stride; /* stride in bytes */
} Page;

/* ---- what Python hands over ------------------------------------------------------------------------------ */

static int open_buffer(PyObject *object, Py_buffer *view)
{
    view->obj = NULL;
    view->buf = NULL;
    view->len = 0;
    return object == Py_None || PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS) == 0;
}

static void text_close(Text *text)
{
    Py_buffer *views[] = {&text->rows_view, &text->ids_view, &text->blocks_view, &text->halves_view};
    for (int i = 0; i < 4; i++)
        if (views[i]->obj)
            PyBuffer_Release(views[i]);
}

static int text_open(Text *text, PyObject *tuple)
{
    PyObject *rows, *ids, *blocks, *halves;
    memset(text, 0, sizeof *text);
    if (!PyArg_ParseTuple(tuple, "OOOiiiiIIOIi", &rows, &ids, &blocks, &text->high, &text->bytes, &text->leds,
                          &text->scale, &text->ink, &text->ground, &halves, &text->whole, &text->packed))
        return 0;
    if (!open_buffer(rows, &text->rows_view) || !open_buffer(blocks, &text->blocks_view) ||
        !open_buffer(ids, &text->ids_view) || !open_buffer(halves, &text->halves_view)) {
        text_close(text);
        return 0;
    }
    text->rows = text->rows_view.buf;
    text->ids = text->ids_view.buf;
    text->halves = text->halves_view.buf;
    text->blocks = text->blocks_view.buf;
    text->count = text->blocks_view.len / 20;
    text->size = (Py_ssize_t)text->high * text->bytes;
    return 1;
}

static inline Cell cell(const Text *text, Py_ssize_t number)
{
    Py_ssize_t id = text->ids ? (Py_ssize_t)text->ids[number] : number;
    if (!text->halves)
        return (Cell){text->rows + text->size * id, text->bytes};
    if (id >= (Py_ssize_t)text->whole)
        return (Cell){text->halves + text->size * (id - text->whole), text->bytes};
    return (Cell){text->rows + 2 * text->size * (id >> 1) + text->bytes * (id & 1), 2 * text->bytes};
}

/* Whether every cell lies on the page and has its rows: a mistake above must not become a wild write. */
static int text_fits(const Text *text, const Page *page, int plane)
{
    Py_ssize_t used = 0, there = text->size > 0 ? text->rows_view.len / text->size : 0;
    int packed = text->packed == 8 && text->leds <= 8 * text->bytes && text->leds > 8 * (text->bytes - 1);
    int colored = !text->packed && plane < 0 && text->bytes == 3 * text->leds && text->scale == 1 && !text->halves;
    int sane = (packed || colored) && text->high > 0 && text->bytes > 0 && text->leds > 0 && text->scale > 0 &&
               text->scale <= MOST_SCALE;
    for (Py_ssize_t i = 0; sane && i < text->count; i++) {
        const int32_t *b = text->blocks + 5 * i;
        Py_ssize_t wide = (Py_ssize_t)b[2] * text->leds * text->scale, high = (Py_ssize_t)text->high * text->scale;
        sane = b[0] >= 0 && b[1] >= 0 && b[2] >= 0 && b[3] > 0 && b[4] >= 0 && b[0] + wide <= page->width &&
               b[1] + (Py_ssize_t)(b[3] - 1) * b[4] + high <= page->height;
        used += (Py_ssize_t)b[2] * b[3];
    }
    sane = sane && used <= (text->ids ? text->ids_view.len / 4 : there);
    uint32_t most = 0;
    if (text->halves && sane) {
        Py_ssize_t most_half = 0, halves = text->halves_view.len / text->size;
        for (Py_ssize_t i = 0; text->ids && i < used; i++) {
            uint32_t id = text->ids[i];
            if (id >= text->whole)
                most_half = id - text->whole >= most_half ? (Py_ssize_t)(id - text->whole) + 1 : most_half;
            else
                most = id > most ? id : most;
        }
        sane = text->ids && most_half <= halves;
    }
    if (sane && text->ids && !text->halves) {
        uint32_t any = 0; /* never below the largest, and faster found */
        for (Py_ssize_t i = 0; i < used; i++)
            any |= text->ids[i];
        for (Py_ssize_t i = 0; any >= there && i < used; i++)
            most = text->ids[i] > most ? text->ids[i] : most;
    }
    if (sane && (most < there || !used))
        return 1;
    PyErr_SetString(PyExc_ValueError, "text does not fit its page");
    return 0;
}

/* ---- one bit a LED --------------------------------------------------------------------------------------- */

static inline void put_bits(uint8_t *row, Py_ssize_t x, uint64_t left, int bits)
{
    int shift = (int)(x & 7), bytes = (shift + bits + 7) >> 3;
    uint8_t *to = row + (x >> 3);
    left >>= shift;
    for (int k = 0; k < bytes; k++)
        to[k] |= (uint8_t)(left >> (56 - 8 * k));
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define TRANSPOSE 1
#define INLINE static inline __attribute__((always_inline)) /* all in registers, or it is five times slower */
typedef uint16_t Lane __attribute__((vector_size(16)));
#define AHEAD 16 /* glyphs fetched before they are wanted: they lie all over a large file */
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

INLINE void turn(Lane *to, const Lane *from)
{
    for (int g = 0; g < 4; g++) {
        to[2 * g] = LOW(from[g], from[g + 4]);
        to[2 * g + 1] = HIGH(from[g], from[g + 4]);
    }
}

/* Eight rows of eight glyphs of 16 LEDs: transposed and ORed onto the page, or written where it is fresh. */
INLINE void eight(const uint8_t *store, const uint32_t *ids, int row, uint8_t *to, Py_ssize_t stride, int fresh)
{
    Lane a[8], b[8];
    for (int g = 0; g < 8; g++)
        memcpy(&a[g], store + 32 * (Py_ssize_t)ids[g] + 2 * row, 16);
    turn(b, a);
    turn(a, b);
    turn(b, a);
    to += row * stride;
    for (int r = 0; r < 8; r++, to += stride) {
        if (!fresh) {
            Lane lit;
            memcpy(&lit, to, 16);
            b[r] |= lit;
        }
        memcpy(to, &b[r], 16);
    }
}

/* A line of eight such glyphs or more. */
static void line_of_16(const uint8_t *store, const uint32_t *ids, int cells, uint8_t *to, Py_ssize_t stride, int fresh)
{
    for (int c = 0; c < cells; c += 8) {
        c = c > cells - 8 ? cells - 8 : c; /* the last eight again in part */
        eight(store, ids + c, 0, to + 2 * c, stride, fresh);
        eight(store, ids + c, 8, to + 2 * c, stride, fresh);
        for (int g = c + AHEAD; g < c + AHEAD + 8; g++)
            __builtin_prefetch(store + 32 * (Py_ssize_t)ids[g < cells ? g : 0]);
    }
}
#endif
#endif

/* A line of cells whose edges are on whole bytes, not enlarged. Onto a fresh page it is written, else ORed. */
static void line_on_bytes(const Text *text, Py_ssize_t first, int cells, uint8_t *to, Py_ssize_t stride, int fresh)
{
    int high = text->high, bytes = text->bytes;
#ifdef TRANSPOSE
    if (bytes == 2 && high == 16 && cells >= 8 && text->ids && !text->halves) {
        line_of_16(text->rows, text->ids + first, cells, to, stride, fresh);
        return;
    }
#endif
    for (int c = 0; c < cells; c++) {
        Cell from = cell(text, first + c);
        uint8_t *place = to + (Py_ssize_t)c * bytes;
        for (int r = 0; r < high; r++, place += stride, from.top += from.step)
            for (int k = 0; k < bytes; k++)
                place[k] = (uint8_t)(fresh ? from.top[k] : place[k] | from.top[k]);
    }
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HIGH_FIRST(word) __builtin_bswap64(word)
#else
#define HIGH_FIRST(word) (word)
#endif

/* Cells of up to eight LEDs, what most of a table is: as many as a word holds at once, wherever they begin. */
static void line_of_bytes(const Text *text, Py_ssize_t first, int cells, Py_ssize_t x, uint8_t *top, const Page *page)
{
    const uint8_t *last = page->page + page->stride * page->height - 8;
    int most = 57 / text->leds; /* and up to seven LEDs before them */
    for (int c = 0; c < cells; c += most, x += (Py_ssize_t)most * text->leds) {
        Cell from[57];
        int some = cells - c < most ? cells - c : most, shift = (int)(x & 7);
        for (int k = 0; k < some; k++)
            from[k] = cell(text, first + c + k);
        uint8_t *to = top + (x >> 3);
        for (int r = 0; r < text->high; r++, to += page->stride) {
            uint64_t word = 0, lit;
            for (int k = 0; k < some; k++, from[k - 1].top += from[k - 1].step)
                word |= (uint64_t)*from[k].top << (56 - k * text->leds);
            if (to > last) {
                put_bits(to, shift, word, some * text->leds);
                continue;
            }
            memcpy(&lit, to, 8);
            lit |= HIGH_FIRST(word >> shift);
            memcpy(to, &lit, 8);
        }
    }
}

static void line_anywhere(const Text *text, Py_ssize_t first, int cells, Py_ssize_t x, uint8_t *top,
                          const Page *page, const uint64_t *wider)
{
    int scale = text->scale;
    for (int c = 0; c < cells; c++) {
        Cell from = cell(text, first + c);
        uint8_t *row = top;
        for (int r = 0; r < text->high; r++, row += (Py_ssize_t)scale * page->stride, from.top += from.step) {
            Py_ssize_t at = x + (Py_ssize_t)c * text->leds * scale;
            for (int k = 0, left = text->leds; k < text->bytes; k++, left -= 8, at += 8 * scale) {
                uint64_t bits = wider[from.top[k]];
                if (bits)
                    for (int s = 0; s < scale; s++)
                        put_bits(row + s * page->stride, at, bits, (left < 8 ? left : 8) * scale);
            }
        }
    }
}

static void text_bits(const Text *text, const Page *page, int fresh)
{
    uint64_t wider[256];
    int scale = text->scale, small = scale == 1 && text->bytes == 1, ready = 0;
    Py_ssize_t first = 0;
    for (Py_ssize_t i = 0; i < text->count; i++) {
        const int32_t *b = text->blocks + 5 * i;
        int on_bytes = scale == 1 && b[0] % 8 == 0 && text->leds % 8 == 0;
        if (!on_bytes && !small && !ready) {
            for (int v = 0; v < 256; v++) {
                wider[v] = 0;
                for (int bit = 0; bit < 8 * scale; bit++)
                    if (v >> (7 - bit / scale) & 1)
                        wider[v] |= (uint64_t)1 << (63 - bit);
            }
            ready = 1;
        }
        for (int l = 0; l < b[3]; l++, first += b[2]) {
            uint8_t *top = page->page + (b[1] + (Py_ssize_t)l * b[4]) * page->stride;
            if (on_bytes)
                line_on_bytes(text, first, b[2], top + b[0] / 8, page->stride, fresh && !i);
            else if (small)
                line_of_bytes(text, first, b[2], b[0], top, page);
            else
                line_anywhere(text, first, b[2], b[0], top, page, wider);
        }
    }
}

static void rect_bits(const int32_t *r, const Page *page)
{
    Py_ssize_t first = r[0], end = (Py_ssize_t)r[0] + r[2];
    for (Py_ssize_t y = r[1]; y < (Py_ssize_t)r[1] + r[3]; y++) {
        uint8_t *row = page->page + y * page->stride;
        /* one lattice for the whole page, so that crossing rules meet in a dot */
        uint8_t fill = !r[4] ? 0xff : y & 1 ? 0x55 : 0xaa;
        for (Py_ssize_t k = first >> 3; k <= (end - 1) >> 3 && first < end; k++) {
            uint8_t mask = fill;
            if (k == first >> 3)
                mask &= (uint8_t)(0xff >> (first & 7));
            if (k == (end - 1) >> 3)
                mask &= (uint8_t)(0xff << (7 - ((end - 1) & 7)));
            row[k] |= mask;
        }
    }
}

/* ---- three bytes a LED ----------------------------------------------------------------------------------- */

static void set_led(uint8_t *to, unsigned color)
{
    to[0] = (uint8_t)(color >> 16);
    to[1] = (uint8_t)(color >> 8);
    to[2] = (uint8_t)color;
}

/* One row of a line as colours, eight LEDs at a time; SIZE and BYTES are constant where it matters. */
#define PAINT(SIZE, BYTES)                                                                                       \
    for (int c = 0; c < cells; c++) {                                                                            \
        Cell found = cell(&here, first + c);                                                                     \
        const uint8_t *from = found.top + row * found.step;                                                      \
        for (int k = 0; k < (BYTES); k++, to += (SIZE))                                                          \
            memcpy(to, table + (SIZE) * from[k], (SIZE));                                                        \
    }

static void paint_row(const Text *text, Py_ssize_t first, int cells, int row, uint8_t *to, const uint8_t *table)
{
    const Text here = *text;
    int size = 24 * text->scale, odd = text->leds % 8, bytes = text->bytes;
    if (odd) {
        for (int c = 0; c < cells; c++) {
            Cell found = cell(&here, first + c);
            const uint8_t *from = found.top + row * found.step;
            for (int k = 0; k < bytes; k++) {
                int part = (k + 1 < bytes ? 8 : odd) * here.scale * 3;
                memcpy(to, table + size * from[k], part);
                to += part;
            }
        }
    } else if (size == 24 && bytes == 4) {
        PAINT(24, 4)
    } else if (size == 24) {
        PAINT(24, bytes)
    } else if (size == 48) {
        PAINT(48, bytes)
    } else {
        PAINT(size, bytes)
    }
}

static void text_color(const Text *text, const Page *page)
{
    uint8_t table[256 * 24 * MOST_SCALE];
    int scale = text->scale, size = 24 * scale;
    for (int l = 0; l < 8 * scale; l++)
        for (int v = 0; v < 256; v++)
            set_led(table + v * size + 3 * l, v >> (7 - l / scale) & 1 ? text->ink : text->ground);
    Py_ssize_t first = 0;
    for (Py_ssize_t i = 0; i < text->count; i++) {
        const int32_t *b = text->blocks + 5 * i;
        Py_ssize_t wide = (Py_ssize_t)b[2] * text->leds * scale * 3;
        for (int l = 0; l < b[3]; l++, first += b[2])
            for (int r = 0; r < text->high; r++) {
                Py_ssize_t y = b[1] + (Py_ssize_t)l * b[4] + (Py_ssize_t)r * scale;
                uint8_t *to = page->page + y * page->stride + (Py_ssize_t)b[0] * 3;
                paint_row(text, first, b[2], r, to, table);
                for (int s = 1; s < scale; s++)
                    memcpy(to + s * page->stride, to, wide);
            }
    }
}

/* Cells that were coloured before, three bytes a LED, copied row by row; SIZE is constant where it matters. */
#define COPY(SIZE)                                                                                               \
    for (int c = 0; c < b[2]; c++, top += (SIZE)) {                                                              \
        const uint8_t *from = cell(&here, first + c).top;                                                        \
        uint8_t *to = top;                                                                                       \
        for (int r = 0; r < here.high; r++, from += (SIZE), to += page->stride)                                  \
            memcpy(to, from, (SIZE));                                                                            \
    }

static void text_copied(const Text *text, const Page *page)
{
    const Text here = *text;
    Py_ssize_t first = 0;
    for (Py_ssize_t i = 0; i < here.count; i++) {
        const int32_t *b = here.blocks + 5 * i;
        for (int l = 0; l < b[3]; l++, first += b[2]) {
            uint8_t *top = page->page + (b[1] + (Py_ssize_t)l * b[4]) * page->stride + (Py_ssize_t)b[0] * 3;
            if (here.bytes == 36) {
                COPY(36)
            } else if (here.bytes == 48) {
                COPY(48)
            } else if (here.bytes == 72) {
                COPY(72)
            } else if (here.bytes == 96) {
                COPY(96)
            } else {
                COPY(here.bytes)
            }
        }
    }
}

static void rect_color(const int32_t *r, const Page *page)
{
    unsigned color = (unsigned)r[5] << 16 | (unsigned)r[6] << 8 | (unsigned)r[7];
    for (Py_ssize_t y = r[1]; y < (Py_ssize_t)r[1] + r[3]; y++)
        for (Py_ssize_t x = r[0]; x < (Py_ssize_t)r[0] + r[2]; x++)
            if (!r[4] || !((x + y) & 1))
                set_led(page->page + y * page->stride + 3 * x, color);
}

/* ---- pages ----------------------------------------------------------------------------------------------- */

static int draw_rects(PyObject *rects, const Page *page, int plane)
{
    Py_buffer view;
    if (rects == Py_None)
        return 1;
    if (PyObject_GetBuffer(rects, &view, PyBUF_C_CONTIGUOUS) < 0)
        return 0;
    int sane = 1;
    for (Py_ssize_t i = 0; sane && i < view.len / 32; i++) {
        const int32_t *r = (const int32_t *)view.buf + 8 * i;
        sane = r[0] >= 0 && r[1] >= 0 && r[2] >= 0 && r[3] >= 0 && (Py_ssize_t)r[0] + r[2] <= page->width &&
               (Py_ssize_t)r[1] + r[3] <= page->height;
        if (sane && plane < 0)
            rect_color(r, page);
        else if (sane && r[5 + plane])
            rect_bits(r, page);
    }
    PyBuffer_Release(&view);
    if (!sane)
        PyErr_SetString(PyExc_ValueError, "a box does not fit its page");
    return sane;
}

/* Whether a text's first block fills the width of the page, so that it can be written without clearing the page
 * before: then only what is above, between and below its lines is cleared. */
static int covers(const Text *text, const Page *page, int plane)
{
    const int32_t *b = text->blocks;
    if (!text->count || b[0] || (Py_ssize_t)b[2] * text->leds * text->scale != page->width)
        return 0;
    if (plane >= 0 && (text->leds % 8 || text->scale > 1))
        return 0;
    Py_ssize_t high = (Py_ssize_t)text->high * text->scale, y = 0;
    if (b[3] > 1 && b[4] < high)
        return 0;
    for (int l = 0; l < b[3]; l++) {
        Py_ssize_t top = b[1] + (Py_ssize_t)l * b[4];
        memset(page->page + y * page->stride, 0, (top - y) * page->stride);
        y = top + high;
    }
    memset(page->page + y * page->stride, 0, (page->height - y) * page->stride);
    return 1;
}

static int draw_texts(PyObject *texts, const Page *page, int plane, int fresh)
{
    Py_ssize_t count = PySequence_Size(texts);
    for (Py_ssize_t i = 0; i < count; i++) {
        Text text;
        PyObject *tuple = PySequence_GetItem(texts, i);
        if (tuple == NULL)
            return 0;
        int fine = text_open(&text, tuple);
        if (fine) {
            fine = text_fits(&text, page, plane);
            int written = fine && fresh && covers(&text, page, plane);
            if (fresh && !written)
                memset(page->page, 0, page->stride * page->height);
            fresh = 0;
            if (fine && !text.packed)
                text_copied(&text, page);
            else if (fine && plane < 0)
                text_color(&text, page);
            else if (fine)
                text_bits(&text, page, written);
            text_close(&text);
        }
        Py_DecRef(tuple);
        if (!fine)
            return 0;
    }
    if (fresh)
        memset(page->page, 0, page->stride * page->height);
    return count >= 0;
}

static PyObject *draw(PyObject *args, int color)
{
    Page page;
    PyObject *base, *rects, *texts;
    int plane = -1;
    if (!(color ? PyArg_ParseTuple(args, "nnOOO", &page.width, &page.height, &base, &rects, &texts)
                : PyArg_ParseTuple(args, "nnOOOi", &page.width, &page.height, &base, &rects, &texts, &plane)))
        return NULL;
    if (page.width <= 0 || page.height <= 0 || page.width > 1 << 20 || page.height > 1 << 20 ||
        (!color && (plane < 0 || plane > 2))) {
        PyErr_SetString(PyExc_ValueError, "no such page");
        return NULL;
    }
    page.stride = color ? 3 * page.width : (page.width + 7) / 8;
    Py_ssize_t size = page.stride * page.height;
    PyObject *done = PyBytes_FromStringAndSize(NULL, size);
    if (done == NULL)
        return NULL;
    page.page = (uint8_t *)PyBytes_AsString(done);
    int fresh = base == Py_None && rects == Py_None; /* nothing below the text: it clears the page itself */
    if (base == Py_None && !fresh) {
        memset(page.page, 0, size);
    } else if (!fresh) {
        Py_buffer view;
        if (PyObject_GetBuffer(base, &view, PyBUF_C_CONTIGUOUS) < 0) {
            Py_DecRef(done);
            return NULL;
        }
        int fits = view.len == size;
        if (fits)
            memcpy(page.page, view.buf, size);
        PyBuffer_Release(&view);
        if (!fits) {
            PyErr_SetString(PyExc_ValueError, "the ground is not as large as the page");
            Py_DecRef(done);
            return NULL;
        }
    }
    if (!draw_rects(rects, &page, plane) || !draw_texts(texts, &page, plane, fresh)) {
        Py_DecRef(done);
        return NULL;
    }
    return done;
}

static PyObject *bits(PyObject *module, PyObject *args)
{
    (void)module;
    return draw(args, 0);
}

static PyObject *colored(PyObject *module, PyObject *args)
{
    (void)module;
    return draw(args, 1);
}

/* ---- text ------------------------------------------------------------------------------------------------ */

/* Where glyphs come from: code points below limit, but not from first to end (letters whose width depends on their
 * neighbours). */
typedef struct {
    Py_buffer view;
    unsigned first, end, limit;
} Table;

static int table_open(Table *table, PyObject *object, unsigned first, unsigned end, unsigned limit)
{
    if (PyObject_GetBuffer(object, &table->view, PyBUF_C_CONTIGUOUS) < 0)
        return 0;
    table->first = first, table->end = end;
    table->limit = limit > table->view.len / 4 ? (unsigned)(table->view.len / 4) : limit;
    return 1;
}

/* Whether every character takes a look-up and nothing else, and is one or two half cells wide. */
static int looked_up(const Table *table, const uint32_t *cps, Py_ssize_t count, uint32_t *glyphs, uint8_t *advance)
{
    const uint32_t *lut = table->view.buf;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (cps[i] >= table->limit || cps[i] - table->first < table->end - table->first)
            return 0;
        glyphs[i] = lut[cps[i]];
        advance[i] = glyphs[i] & 7;
        if (advance[i] != 1 && advance[i] != 2)
            return 0;
    }
    return 1;
}

/* Code points, glyphs and advances of texts one after the other, of each of them its first character and last the
 * end of all, and the half cells before each character and last all of them. None where a character takes more than
 * a look-up. */
static PyObject *look_up(PyObject *module, PyObject *args)
{
    PyObject *texts, *object, *found = NULL, *made[5] = {NULL};
    unsigned first, end, limit;
    Table table;
    (void)module;
    if (!PyArg_ParseTuple(args, "OOIII", &texts, &object, &first, &end, &limit))
        return NULL;
    Py_ssize_t number = PySequence_Size(texts), count = 0;
    if (number < 0 || !table_open(&table, object, first, end, limit))
        return NULL;
    made[3] = PyBytes_FromStringAndSize(NULL, 8 * (number + 1));
    int64_t *bounds = made[3] ? (int64_t *)PyBytes_AsString(made[3]) : NULL;
    for (Py_ssize_t t = 0; bounds && t <= number; t++) {
        bounds[t] = count;
        PyObject *text = t < number ? PySequence_GetItem(texts, t) : NULL;
        Py_ssize_t length = text ? PyUnicode_GetLength(text) : 0;
        count += length;
        Py_XDECREF(text);
        if (t < number && (text == NULL || length < 0))
            bounds = NULL;
    }
    static const int size[] = {4, 4, 1, 0, 8};
    for (int i = 0; bounds && i < 5; i++)
        if (size[i] && (made[i] = PyBytes_FromStringAndSize(NULL, size[i] * (count + (i == 4)))) == NULL)
            bounds = NULL;
    if (bounds) {
        uint32_t *cps = (uint32_t *)PyBytes_AsString(made[0]), *glyphs = (uint32_t *)PyBytes_AsString(made[1]);
        uint8_t *advance = (uint8_t *)PyBytes_AsString(made[2]);
        int64_t *places = (int64_t *)PyBytes_AsString(made[4]);
        int fine = 1;
        for (Py_ssize_t t = 0; fine && t < number; t++) {
            Py_ssize_t length = bounds[t + 1] - bounds[t];
            PyObject *text = PySequence_GetItem(texts, t);
            fine = text && (!length || PyUnicode_AsUCS4(text, (Py_UCS4 *)cps + bounds[t], length, 0));
            Py_XDECREF(text);
        }
        if (fine && looked_up(&table, cps, count, glyphs, advance)) {
            places[0] = 0;
            for (Py_ssize_t i = 0; i < count; i++)
                places[i + 1] = places[i] + advance[i];
            found = PyTuple_Pack(5, made[0], made[1], made[2], made[3], made[4]);
        } else if (fine) {
            found = Py_NewRef(Py_None);
        }
    }
    for (int i = 0; i < 5; i++)
        Py_XDECREF(made[i]);
    PyBuffer_Release(&table.view);
    return found;
}

/* What all characters before each one take to read, and last all of them: by code point, efforts holds what each
 * half cell takes in its low four bits and what comes on top of that in the others; its last entry is that of all
 * code points beyond. */
static PyObject *tally(PyObject *module, PyObject *args)
{
    PyObject *cps, *advance, *efforts, *found = NULL;
    Py_buffer from, wide, table;
    (void)module;
    if (!PyArg_ParseTuple(args, "OOO", &cps, &advance, &efforts))
        return NULL;
    int fine = open_buffer(cps, &from);
    fine = open_buffer(advance, &wide) && fine;
    fine = open_buffer(efforts, &table) && fine;
    if (fine && (from.len != 4 * wide.len || !table.len)) {
        fine = 0;
        PyErr_SetString(PyExc_ValueError, "not as many widths as characters");
    }
    if (fine && (found = PyBytes_FromStringAndSize(NULL, 8 * (wide.len + 1)))) {
        const uint32_t *cp = from.buf;
        const uint8_t *width = wide.buf, *effort = table.buf;
        int64_t *to = (int64_t *)PyBytes_AsString(found), sum = 0;
        for (Py_ssize_t i = 0; i < wide.len; i++) {
            uint8_t each = effort[cp[i] < table.len ? cp[i] : table.len - 1];
            to[i] = sum;
            sum += (each & 15) * width[i] + (each >> 4);
        }
        to[wide.len] = sum;
    }
    if (from.obj)
        PyBuffer_Release(&from);
    if (wide.obj)
        PyBuffer_Release(&wide);
    if (table.obj)
        PyBuffer_Release(&table);
    return found;
}

/* Part of what is drawn together: lines of text, or one line, whose place is a number instead of an array. */
typedef struct {
    Py_buffer glyphs, advance, counts, x, y;
    int64_t one[3]; /* characters, left edge and top of a single line */
    Py_ssize_t lines;
} Part;

static int part_open(Part *part, PyObject *tuple)
{
    PyObject *glyphs, *advance, *counts, *x, *y;
    if (!PyArg_ParseTuple(tuple, "OOOOO", &glyphs, &advance, &counts, &x, &y) ||
        !open_buffer(glyphs, &part->glyphs) || !open_buffer(advance, &part->advance) ||
        !open_buffer(counts, &part->counts))
        return 0;
    part->lines = counts == Py_None ? 1 : part->counts.len / 8;
    part->one[0] = part->advance.len;
    if (counts == Py_None) {
        part->one[1] = PyLong_AsLongLong(x);
        part->one[2] = PyLong_AsLongLong(y);
        if (PyErr_Occurred())
            return 0;
    } else if (!open_buffer(x, &part->x) || !open_buffer(y, &part->y)) {
        return 0;
    }
    int64_t used = 0;
    int sane = part->glyphs.len == 4 * part->advance.len;
    if (counts != Py_None) {
        const int64_t *count = part->counts.buf;
        sane = sane && part->x.len == part->counts.len && part->y.len == part->counts.len;
        for (Py_ssize_t i = 0; sane && i < part->lines; i++) {
            sane = count[i] >= 0 && count[i] <= part->advance.len - used;
            used += count[i];
        }
        sane = sane && used == part->advance.len;
    }
    if (!sane)
        PyErr_SetString(PyExc_ValueError, "not as many glyphs as lines say");
    return sane;
}

/* Whether all glyphs are one or two half cells wide, and whether all are full-width ones below full; the half cells
 * and the lines that there are. */
static int parts_plain(const Part *parts, Py_ssize_t count, uint32_t full, int *wide, Py_ssize_t *cells,
                       Py_ssize_t *lines)
{
    int plain = 1;
    *wide = 1, *cells = *lines = 0;
    for (Py_ssize_t p = 0; p < count; p++) {
        const uint8_t *advance = parts[p].advance.buf;
        const uint32_t *glyph = parts[p].glyphs.buf;
        for (Py_ssize_t i = 0; i < parts[p].advance.len; i++) {
            plain &= advance[i] == 1 || advance[i] == 2;
            *wide &= advance[i] == 2 && glyph[i] < full;
            *cells += advance[i];
        }
        *lines += parts[p].lines;
    }
    *wide = *wide && *cells;
    return plain;
}

/* Lines of a text as the cells that draw them and the blocks they stand in: parts, a sequence of tuples (glyphs,
 * advance, counts, x, y) of uint32, uint8 and int64, counts None where x and y are the numbers of a single line.
 * Below full all are full-width glyphs and the cells are their numbers, if nothing else is among them; otherwise the
 * cells are half ones. Lines of equal length below each other at equal distances are one block.
 *
 * Cells, blocks, whether they are wide, one more than the largest half cell below whole and one more than the
 * largest, and the first block that sticks out of a page of width and height, or -1. None where a glyph takes no
 * cell. */
static PyObject *settle(PyObject *module, PyObject *args)
{
    PyObject *sequence, *ids = NULL, *blocks = NULL, *found = NULL;
    unsigned full, whole, most = 0, most_half = 0;
    int size, scale, wide = 0, fine = 1;
    Py_ssize_t width, height, cells = 0, lines = 0, outside = -1;
    (void)module;
    if (!PyArg_ParseTuple(args, "OIIiinn", &sequence, &full, &whole, &size, &scale, &width, &height))
        return NULL;
    Py_ssize_t count = PySequence_Size(sequence);
    Part *parts = count >= 0 ? PyMem_Calloc(count + 1, sizeof *parts) : NULL;
    if (parts == NULL)
        return count < 0 ? NULL : PyErr_NoMemory();
    for (Py_ssize_t p = 0; fine && p < count; p++) {
        PyObject *tuple = PySequence_GetItem(sequence, p);
        fine = tuple && part_open(&parts[p], tuple);
        Py_XDECREF(tuple);
    }
    int plain = fine && parts_plain(parts, count, full, &wide, &cells, &lines);
    if (plain) {
        ids = PyBytes_FromStringAndSize(NULL, wide ? 2 * cells : 4 * cells);
        blocks = PyBytes_FromStringAndSize(NULL, 20 * lines);
    }
    if (ids && blocks) {
        uint32_t *to = (uint32_t *)PyBytes_AsString(ids);
        int32_t *first = (int32_t *)PyBytes_AsString(blocks), *block = first - 5;
        Py_ssize_t high = (Py_ssize_t)size * scale, cell = (wide ? size : size / 2) * scale;
        int64_t above = 0; /* top of the line before */
        for (Py_ssize_t p = 0; p < count; p++) {
            const Part *part = &parts[p];
            const uint8_t *advance = part->advance.buf;
            const uint32_t *glyph = part->glyphs.buf;
            const int64_t *counts = part->counts.buf ? part->counts.buf : part->one;
            const int64_t *xs = part->x.buf ? part->x.buf : part->one + 1, *ys = part->y.buf ? part->y.buf : part->one + 2;
            for (Py_ssize_t l = 0; l < part->lines; l++) {
                const uint32_t *start = to;
                for (const uint32_t *end = glyph + counts[l]; glyph < end; glyph++, advance++) {
                    if (wide) {
                        *to++ = *glyph >> 4;
                        continue;
                    }
                    uint32_t id = *glyph >> 3, last = id + *advance - 1;
                    *to++ = id;
                    if (last > id)
                        *to++ = last;
                    most = last < whole && last >= most ? last + 1 : most;
                    most_half = last >= most_half ? last + 1 : most_half;
                }
                int64_t x = xs[l], y = ys[l], across = to - start;
                int sticks = x < 0 || y < 0 || x + across * cell > width || y + high > height;
                if (block >= first && x == block[0] && across == block[2] && y - above >= high &&
                    (block[3] == 1 || y - above == block[4])) {
                    block[4] = (int32_t)(y - above);
                    block[3]++;
                } else {
                    block += 5;
                    block[0] = (int32_t)x, block[1] = (int32_t)y, block[2] = (int32_t)across;
                    block[3] = 1, block[4] = 0;
                }
                if (sticks && outside < 0)
                    outside = (block - first) / 5;
                above = y;
            }
        }
        PyObject *kept = PyBytes_FromStringAndSize((const char *)first, (const char *)(block + 5) - (const char *)first);
        if (kept)
            found = Py_BuildValue("OOOIIn", ids, kept, wide ? Py_True : Py_False, most, most_half, outside);
        Py_XDECREF(kept);
    } else if (fine && !plain) {
        found = Py_NewRef(Py_None);
    }
    Py_XDECREF(ids);
    Py_XDECREF(blocks);
    for (Py_ssize_t p = 0; p < count; p++) {
        Py_buffer *views[] = {&parts[p].glyphs, &parts[p].advance, &parts[p].counts, &parts[p].x, &parts[p].y};
        for (int i = 0; i < 5; i++)
            if (views[i]->obj)
                PyBuffer_Release(views[i]);
    }
    PyMem_Free(parts);
    return found;
}

static void release(Py_buffer *views, int count)
{
    for (int i = 0; i < count; i++)
        if (views[i].obj)
            PyBuffer_Release(&views[i]);
}

typedef struct {
    const uint16_t *kinds; /* by code point, the last entry for all beyond */
    Py_ssize_t known;
    unsigned many;
} Kinds;

static inline unsigned kind_of(const Kinds *text, uint32_t cp)
{
    unsigned kind = text->kinds[cp < text->known ? cp : text->known - 1];
    return kind < text->many ? kind : 0;
}

/* Whether a line may end behind each character: one byte each, the last always. kinds: by code point (its last entry
 * that of all beyond) one of as many kinds of characters as roles has entries; pairs: what is known of a place by the
 * kinds on both sides: 0 allowed, 1 banned, else it depends on the roles (two bits each, of the character before the
 * pair and the three behind its first), and context says by all of that whether it is banned. */
static PyObject *breaks(PyObject *module, PyObject *args)
{
    PyObject *objects[6], *found = NULL;
    Py_buffer views[6];
    (void)module;
    if (!PyArg_ParseTuple(args, "OOOOOO", &objects[0], &objects[1], &objects[2], &objects[3], &objects[4], &objects[5]))
        return NULL;
    int fine = 1;
    for (int i = 0; i < 6; i++)
        fine = open_buffer(objects[i], &views[i]) && fine;
    const uint32_t *cps = views[0].buf;
    const uint8_t *advance = views[1].buf, *pairs = views[3].buf, *context = views[5].buf;
    const uint16_t *roles = views[4].buf;
    Py_ssize_t count = views[1].len;
    Kinds text = {views[2].buf, views[2].len / 2, (unsigned)(views[4].len / 2)};
    if (fine && (views[0].len != 4 * count || !text.known || !text.many || views[5].len != 1 << 13 ||
                 views[3].len != (Py_ssize_t)text.many * text.many)) {
        fine = 0;
        PyErr_SetString(PyExc_ValueError, "not as many signs as characters");
    }
    if (fine)
        found = PyBytes_FromStringAndSize(NULL, count);
    if (found) {
        uint8_t *allowed = (uint8_t *)PyBytes_AsString(found);
        unsigned here = count ? kind_of(&text, cps[0]) : 0;
        for (Py_ssize_t i = 0; i < count - 1; i++) {
            unsigned after = kind_of(&text, cps[i + 1]), place = advance[i + 1] ? pairs[here * text.many + after] : 1;
            for (int k = 0; place > 1 && k < 4; k++) { /* its bits stay below those of the roles */
                Py_ssize_t beside = i + (k ? k + 1 : -1);
                if (beside >= 0 && beside < count)
                    place |= (unsigned)roles[kind_of(&text, cps[beside])] << (5 + 2 * k);
            }
            allowed[i] = place > 1 ? !context[place] : !place;
            here = after;
        }
        if (count)
            allowed[count - 1] = 1;
    }
    release(views, 6);
    return found;
}

/* Lines of a text from character start on: as many characters as limit half cells hold (width from the second line
 * on) up to the last place where a line may end; blanks hang, and a mark that may be halved takes one half cell more
 * than there is. Pairs of int64, where the next line starts, and how far it reaches: the end of the text, unless a
 * line holds no such place. allowed, blank, narrow: one byte a character. */
static PyObject *fill(PyObject *module, PyObject *args)
{
    PyObject *objects[4], *found = NULL;
    Py_buffer views[4];
    Py_ssize_t start, limit, width, reach = 0, used = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "OOOOnnn", &objects[0], &objects[1], &objects[2], &objects[3], &start, &limit, &width))
        return NULL;
    int fine = 1;
    for (int i = 0; i < 4; i++)
        fine = open_buffer(objects[i], &views[i]) && fine;
    const uint8_t *advance = views[0].buf, *allowed = views[1].buf, *blank = views[2].buf, *narrow = views[3].buf;
    Py_ssize_t count = views[0].len;
    if (fine && (start < 0 || start > count || views[1].len != count || views[2].len != count ||
                 (narrow && views[3].len != count))) {
        fine = 0;
        PyErr_SetString(PyExc_ValueError, "not as many signs as characters");
    }
    PyObject *lines = fine ? PyBytes_FromStringAndSize(NULL, 16 * (count - start)) : NULL;
    if (lines) {
        int64_t *to = (int64_t *)PyBytes_AsString(lines);
        while (start < count) {
            Py_ssize_t sum = 0, end = start;
            for (reach = start; reach < count && sum + advance[reach] <= limit; reach++) {
                sum += advance[reach];
                end = allowed[reach] ? reach + 1 : end;
            }
            if (narrow && reach < count && narrow[reach] && sum + advance[reach] == limit + 1) {
                end = allowed[reach] ? reach + 1 : end;
                reach++;
            }
            for (; reach < count && blank[reach]; reach++)
                end = allowed[reach] ? reach + 1 : end;
            end = reach < count ? end : count;
            if (end == start)
                break;
            to[used++] = start;
            to[used++] = start = end;
            limit = width;
        }
        PyObject *kept = PyBytes_FromStringAndSize((const char *)PyBytes_AsString(lines), 8 * used);
        found = kept ? Py_BuildValue("Onn", kept, start, reach) : NULL;
        Py_XDECREF(kept);
    }
    release(views, 4);
    Py_XDECREF(lines);
    return found;
}

static PyMethodDef methods[] = {
    {"breaks", breaks, METH_VARARGS, "breaks(cps, advance, kinds, pairs, roles, context): where a line may end"},
    {"fill", fill, METH_VARARGS, "fill(advance, allowed, blank, narrow, start, limit, width): lines, start, reach"},
    {"settle", settle, METH_VARARGS, "settle(parts, full, whole, size, scale, width, height): cells, blocks, ... or None"},
    {"look_up", look_up, METH_VARARGS, "look_up(texts, lut, first, end, limit): code points, glyphs, ... or None"},
    {"tally", tally, METH_VARARGS, "tally(cps, advance, efforts): reading effort before each character"},
    {"bits", bits, METH_VARARGS, "bits(width, height, base, rects, texts, plane): one bit a LED, lit where ORed"},
    {"colored", colored, METH_VARARGS, "colored(width, height, base, rects, texts): three bytes a LED, later over earlier"},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_kernel", "Placing glyph rows on a page.", 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModuleDef_Init(&module);
}
