/* Looking glyphs up and placing their rows on a page: what numpy does in ledsign/render/glyphs.py and raster.py,
 * byte for byte the same. CPython's stable ABI from 3.11 on.
 *
 * The functions that draw allocate the page, fill it and return it as bytes.
 *
 * rects: int32 (k, 8): x, y, width, height, dotted, red, green, blue.
 * texts: sequence of tuples
 *   (rows, ids, blocks, rows of a cell, bytes of a row, LEDs of a cell, scale, ink, ground)
 * rows: cells, row after row, leftmost LED in the high bit; ids: uint32, which of them, or None for all in order;
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
    const uint8_t *rows;
    const uint32_t *ids; /* NULL: all cells in order */
    const int32_t *blocks;
    Py_ssize_t cells, count, size; /* cells there are to place, blocks, bytes of a cell */
    int high, bytes, leds, scale;
    unsigned ink, ground;
    Py_buffer rows_view, ids_view, blocks_view;
} Text;

typedef struct {
    uint8_t *page;
    Py_ssize_t width, height, stride; /* stride in bytes */
} Page;

/* ---- what Python hands over ------------------------------------------------------------------------------ */

static int text_open(Text *text, PyObject *tuple)
{
    PyObject *rows, *ids, *blocks;
    if (!PyArg_ParseTuple(tuple, "OOOiiiiII", &rows, &ids, &blocks, &text->high, &text->bytes, &text->leds,
                          &text->scale, &text->ink, &text->ground))
        return 0;
    text->ids = NULL;
    if (PyObject_GetBuffer(rows, &text->rows_view, PyBUF_C_CONTIGUOUS) < 0)
        return 0;
    if (PyObject_GetBuffer(blocks, &text->blocks_view, PyBUF_C_CONTIGUOUS) < 0) {
        PyBuffer_Release(&text->rows_view);
        return 0;
    }
    if (ids != Py_None) {
        if (PyObject_GetBuffer(ids, &text->ids_view, PyBUF_C_CONTIGUOUS) < 0) {
            PyBuffer_Release(&text->rows_view);
            PyBuffer_Release(&text->blocks_view);
            return 0;
        }
        text->ids = text->ids_view.buf;
    }
    text->rows = text->rows_view.buf;
    text->blocks = text->blocks_view.buf;
    text->count = text->blocks_view.len / 20;
    text->size = (Py_ssize_t)text->high * text->bytes;
    return 1;
}

static void text_close(Text *text)
{
    PyBuffer_Release(&text->rows_view);
    PyBuffer_Release(&text->blocks_view);
    if (text->ids)
        PyBuffer_Release(&text->ids_view);
}

static inline const uint8_t *cell(const Text *text, Py_ssize_t number)
{
    return text->rows + text->size * (text->ids ? (Py_ssize_t)text->ids[number] : number);
}

/* Whether every cell lies on the page and has its rows: a mistake above must not become a wild write. */
static int text_fits(Text *text, const Page *page)
{
    Py_ssize_t used = 0, there = text->size > 0 ? text->rows_view.len / text->size : 0;
    int sane = text->high > 0 && text->bytes > 0 && text->leds > 0 && text->leds <= 8 * text->bytes &&
               text->leds > 8 * (text->bytes - 1) && text->scale > 0 && text->scale <= MOST_SCALE;
    for (Py_ssize_t i = 0; sane && i < text->count; i++) {
        const int32_t *b = text->blocks + 5 * i;
        Py_ssize_t wide = (Py_ssize_t)b[2] * text->leds * text->scale, high = (Py_ssize_t)text->high * text->scale;
        sane = b[0] >= 0 && b[1] >= 0 && b[2] >= 0 && b[3] > 0 && b[4] >= 0 && b[0] + wide <= page->width &&
               b[1] + (Py_ssize_t)(b[3] - 1) * b[4] + high <= page->height;
        used += (Py_ssize_t)b[2] * b[3];
    }
    text->cells = text->ids ? text->ids_view.len / 4 : there;
    sane = sane && used <= text->cells;
    uint32_t most = 0;
    for (Py_ssize_t i = 0; sane && text->ids && i < used; i++)
        most = text->ids[i] > most ? text->ids[i] : most;
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
typedef uint16_t Lane __attribute__((vector_size(16)));
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

static inline void turn(Lane *to, const Lane *from)
{
    for (int g = 0; g < 4; g++) {
        to[2 * g] = LOW(from[g], from[g + 4]);
        to[2 * g + 1] = HIGH(from[g], from[g + 4]);
    }
}

/* Eight rows of eight glyphs of 16 LEDs: transposed and ORed onto the page. */
static inline void eight(const uint8_t *const *glyphs, int row, uint8_t *to, Py_ssize_t stride)
{
    Lane a[8], b[8];
    for (int g = 0; g < 8; g++)
        memcpy(&a[g], glyphs[g] + 2 * row, 16);
    turn(b, a);
    turn(a, b);
    turn(b, a);
    to += row * stride;
    for (int r = 0; r < 8; r++, to += stride) {
        Lane lit;
        memcpy(&lit, to, 16);
        lit |= b[r];
        memcpy(to, &lit, 16);
    }
}
#endif
#endif

/* A line of cells whose edges are on whole bytes, not enlarged. */
static void line_on_bytes(const Text *text, Py_ssize_t first, int cells, uint8_t *to, Py_ssize_t stride)
{
    int high = text->high, bytes = text->bytes, c = 0;
#ifdef TRANSPOSE
    const uint8_t *store = text->rows, *glyphs[8];
    const uint32_t *ids = text->ids ? text->ids + first : NULL;
    if (bytes == 2 && high == 16 && cells >= 8)
        for (; c < cells; c += 8) {
            if (c > cells - 8)
                c = cells - 8; /* the last eight again in part: light is only added */
            for (int g = 0; g < 8; g++)
                glyphs[g] = store + 32 * (ids ? (Py_ssize_t)ids[c + g] : first + c + g);
            eight(glyphs, 0, to + 2 * c, stride);
            eight(glyphs, 8, to + 2 * c, stride);
        }
#endif
    for (; c < cells; c++) {
        const uint8_t *from = cell(text, first + c);
        uint8_t *place = to + (Py_ssize_t)c * bytes;
        for (int r = 0; r < high; r++, place += stride)
            for (int k = 0; k < bytes; k++)
                place[k] |= *from++;
    }
}

static void line_anywhere(const Text *text, Py_ssize_t first, int cells, Py_ssize_t x, uint8_t *top,
                          Py_ssize_t stride, const uint64_t *wider)
{
    int scale = text->scale;
    for (int c = 0; c < cells; c++) {
        const uint8_t *rows = cell(text, first + c);
        uint8_t *row = top;
        for (int r = 0; r < text->high; r++, row += (Py_ssize_t)scale * stride) {
            Py_ssize_t at = x + (Py_ssize_t)c * text->leds * scale;
            for (int k = 0, left = text->leds; k < text->bytes; k++, left -= 8, at += 8 * scale) {
                uint64_t bits = wider[*rows++];
                if (bits)
                    for (int s = 0; s < scale; s++)
                        put_bits(row + s * stride, at, bits, (left < 8 ? left : 8) * scale);
            }
        }
    }
}

static void text_bits(const Text *text, const Page *page)
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
                line_on_bytes(text, first, b[2], top + b[0] / 8, page->stride);
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
        const uint8_t *from = cell(&here, first + c) + skip;                                                     \
        for (int k = 0; k < (BYTES); k++, to += (SIZE))                                                          \
            memcpy(to, table + (SIZE) * from[k], (SIZE));                                                        \
    }

static void paint_row(const Text *text, Py_ssize_t first, int cells, int row, uint8_t *to, const uint8_t *table)
{
    const Text here = *text;
    int size = 24 * text->scale, odd = text->leds % 8, bytes = text->bytes;
    Py_ssize_t skip = (Py_ssize_t)row * bytes;
    if (odd) {
        for (int c = 0; c < cells; c++) {
            const uint8_t *from = cell(&here, first + c) + skip;
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

static int draw_texts(PyObject *texts, const Page *page, int plane)
{
    Py_ssize_t count = PySequence_Size(texts);
    for (Py_ssize_t i = 0; i < count; i++) {
        Text text;
        PyObject *tuple = PySequence_GetItem(texts, i);
        if (tuple == NULL)
            return 0;
        int fine = text_open(&text, tuple);
        if (fine) {
            fine = text_fits(&text, page);
            if (fine && plane < 0)
                text_color(&text, page);
            else if (fine)
                text_bits(&text, page);
            text_close(&text);
        }
        Py_DecRef(tuple);
        if (!fine)
            return 0;
    }
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
    if (base == Py_None) {
        memset(page.page, 0, size);
    } else {
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
    if (!draw_rects(rects, &page, plane) || !draw_texts(texts, &page, plane)) {
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

static PyObject *rgb(PyObject *module, PyObject *args)
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

static PyMethodDef methods[] = {
    {"look_up", look_up, METH_VARARGS, "look_up(text, lut, first, end, limit): code points, glyphs, advances or None"},
    {"bits", bits, METH_VARARGS, "bits(width, height, base, rects, texts, plane): one bit a LED, lit where ORed"},
    {"rgb", rgb, METH_VARARGS, "rgb(width, height, base, rects, texts): three bytes a LED, later over earlier"},
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
