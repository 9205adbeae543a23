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

static void line_anywhere(const Text *text, Py_ssize_t first, int cells, Py_ssize_t x, uint8_t *top,
                          Py_ssize_t stride, const uint64_t *wider)
{
    int scale = text->scale;
    if (scale == 1 && text->bytes == 1) { /* what most of a table is: a cell lies in one byte of a row, or in two */
        for (int c = 0; c < cells; c++) {
            Cell from = cell(text, first + c);
            Py_ssize_t at = x + (Py_ssize_t)c * text->leds;
            int shift = (int)(at & 7), both = shift + text->leds > 8;
            uint8_t *to = top + (at >> 3);
            for (int r = 0; r < text->high; r++, to += stride, from.top += from.step) {
                unsigned bits = (unsigned)*from.top << 8 >> shift;
                to[0] |= (uint8_t)(bits >> 8);
                if (both)
                    to[1] |= (uint8_t)bits;
            }
        }
        return;
    }
    for (int c = 0; c < cells; c++) {
        Cell from = cell(text, first + c);
        uint8_t *row = top;
        for (int r = 0; r < text->high; r++, row += (Py_ssize_t)scale * stride, from.top += from.step) {
            Py_ssize_t at = x + (Py_ssize_t)c * text->leds * scale;
            for (int k = 0, left = text->leds; k < text->bytes; k++, left -= 8, at += 8 * scale) {
                uint64_t bits = wider[from.top[k]];
                if (bits)
                    for (int s = 0; s < scale; s++)
                        put_bits(row + s * stride, at, bits, (left < 8 ? left : 8) * scale);
            }
        }
    }
}

static void text_bits(const Text *text, const Page *page, int fresh)
{
    uint64_t wider[256];
    int scale = text->scale, ready = 0;
    Py_ssize_t first = 0;
    for (Py_ssize_t i = 0; i < text->count; i++) {
        const int32_t *b = text->blocks + 5 * i;
        int on_bytes = scale == 1 && b[0] % 8 == 0 && text->leds % 8 == 0;
        if (!on_bytes && !ready) {
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
            else
                line_anywhere(text, first, b[2], b[0], top, page->stride, wider);
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

/* Code points, glyphs and advances of a text in which every character takes a look-up and nothing else: below
 * limit, not from first to end (letters whose width depends on their neighbours), one or two half cells wide.
 * None for all other texts. */
static PyObject *look_up(PyObject *module, PyObject *args)
{
    PyObject *text, *table, *found = NULL;
    unsigned first, end, limit;
    Py_buffer view;
    (void)module;
    if (!PyArg_ParseTuple(args, "UOIII", &text, &table, &first, &end, &limit))
        return NULL;
    Py_ssize_t count = PyUnicode_GetLength(text);
    if (count < 0 || PyObject_GetBuffer(table, &view, PyBUF_C_CONTIGUOUS) < 0)
        return NULL;
    if (limit > view.len / 4)
        limit = (unsigned)(view.len / 4);
    PyObject *cps = PyBytes_FromStringAndSize(NULL, 4 * count);
    PyObject *glyphs = PyBytes_FromStringAndSize(NULL, 4 * count);
    PyObject *advance = PyBytes_FromStringAndSize(NULL, count);
    if (cps && glyphs && advance && (!count || PyUnicode_AsUCS4(text, (Py_UCS4 *)PyBytes_AsString(cps), count, 0))) {
        const uint32_t *lut = view.buf, *from = (const uint32_t *)PyBytes_AsString(cps);
        uint32_t *to = (uint32_t *)PyBytes_AsString(glyphs);
        uint8_t *wide = (uint8_t *)PyBytes_AsString(advance);
        Py_ssize_t i = 0;
        for (; i < count; i++) {
            uint32_t cp = from[i];
            if (cp >= limit || cp - first < end - first)
                break;
            to[i] = lut[cp];
            wide[i] = to[i] & 7;
            if (wide[i] != 1 && wide[i] != 2)
                break;
        }
        found = i == count ? PyTuple_Pack(3, cps, glyphs, advance) : Py_NewRef(Py_None);
    }
    Py_XDECREF(cps);
    Py_XDECREF(glyphs);
    Py_XDECREF(advance);
    PyBuffer_Release(&view);
    return found;
}

/* Half cells of a row of glyphs that are one or two of them wide, how many each run of them has, one more than the
 * largest below whole and one more than the largest: None where a glyph has none. counts: int64, glyphs of each
 * run. */
static PyObject *halve(PyObject *module, PyObject *args)
{
    PyObject *glyphs, *advance, *counts, *found = NULL;
    Py_buffer from, wide, runs;
    unsigned whole, most = 0, most_half = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "OOOI", &glyphs, &advance, &counts, &whole))
        return NULL;
    int fine = open_buffer(glyphs, &from);
    fine = open_buffer(advance, &wide) && fine;
    fine = open_buffer(counts, &runs) && fine;
    Py_ssize_t count = from.len / 4, used = 0, cells = 0;
    if (fine && (wide.len != count || (runs.len && !runs.buf)))
        fine = 0, PyErr_SetString(PyExc_ValueError, "not as many widths as glyphs");
    const uint8_t *width = wide.buf;
    int plain = 1;
    for (Py_ssize_t i = 0; fine && i < count; i++) {
        plain &= width[i] == 1 || width[i] == 2;
        cells += width[i];
    }
    PyObject *ids = fine && plain ? PyBytes_FromStringAndSize(NULL, 4 * cells) : NULL;
    PyObject *widths = ids ? PyBytes_FromStringAndSize(NULL, runs.len) : NULL;
    if (widths) {
        const uint32_t *glyph = from.buf;
        const int64_t *run = runs.buf;
        uint32_t *to = (uint32_t *)PyBytes_AsString(ids);
        int64_t *sum = (int64_t *)PyBytes_AsString(widths);
        for (Py_ssize_t r = 0; fine && r < runs.len / 8; r++) {
            if (run[r] < 0 || run[r] > count - used) {
                fine = 0;
                PyErr_SetString(PyExc_ValueError, "not as many glyphs as runs say");
                break;
            }
            uint32_t *start = to;
            for (Py_ssize_t end = used + run[r]; used < end; used++) {
                uint32_t id = glyph[used] >> 3, last = id + width[used] - 1;
                *to++ = id;
                if (last > id)
                    *to++ = last;
                most = last < whole && last >= most ? last + 1 : most;
                most_half = last >= most_half ? last + 1 : most_half;
            }
            sum[r] = to - start;
        }
        if (fine && used == count)
            found = Py_BuildValue("OOII", ids, widths, most, most_half);
        else if (fine)
            PyErr_SetString(PyExc_ValueError, "not as many glyphs as runs say");
    } else if (fine && !plain) {
        found = Py_NewRef(Py_None);
    }
    Py_XDECREF(ids);
    Py_XDECREF(widths);
    if (from.obj)
        PyBuffer_Release(&from);
    if (wide.obj)
        PyBuffer_Release(&wide);
    if (runs.obj)
        PyBuffer_Release(&runs);
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
    for (int i = 0; i < 4; i++)
        if (views[i].obj)
            PyBuffer_Release(&views[i]);
    Py_XDECREF(lines);
    return found;
}

static PyMethodDef methods[] = {
    {"fill", fill, METH_VARARGS, "fill(advance, allowed, blank, narrow, start, limit, width): lines, start, reach"},
    {"halve", halve, METH_VARARGS, "halve(glyphs, advance, counts, whole): half cells, each run's, the largest; or None"},
    {"look_up", look_up, METH_VARARGS, "look_up(text, lut, first, end, limit): code points, glyphs, advances or None"},
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
