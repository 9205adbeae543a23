"""Names of the objects we speak of (MIB 1203v03A; 1201 for the global ones)."""

from typing import Final

from ledsign.protocol.ntcip.smi import Oid

NTCIP: Final[Oid] = (1, 3, 6, 1, 4, 1, 1206, 4, 2)
DMS: Final[Oid] = (*NTCIP, 3)
GLOBAL: Final[Oid] = (*NTCIP, 6)


def dms(*parts: int) -> Oid:
    """An instance under ``dms``; scalars end in 0."""
    return (*DMS, *parts)


SIGN_TYPE = dms(1, 2, 0)
TECHNOLOGY = dms(1, 9, 0)
HEIGHT, WIDTH = dms(2, 3, 0), dms(2, 4, 0)

FLASH_ON, FLASH_OFF, FONT = dms(4, 3, 0), dms(4, 4, 0), dms(4, 5, 0)  # what holds where a message says nothing
JUSTIFY_LINE, JUSTIFY_PAGE = dms(4, 6, 0), dms(4, 7, 0)
PAGE_ON, PAGE_OFF = dms(4, 8, 0), dms(4, 9, 0)
COLOR_SCHEME = dms(4, 11, 0)
MULTI_TAGS = dms(4, 14, 0)
MAX_PAGES, MAX_MULTI = dms(4, 15, 0), dms(4, 16, 0)

NUM_PERMANENT, NUM_CHANGEABLE, MAX_CHANGEABLE = dms(5, 1, 0), dms(5, 2, 0), dms(5, 3, 0)
FREE_CHANGEABLE = dms(5, 4, 0)
NUM_VOLATILE, MAX_VOLATILE, FREE_VOLATILE = dms(5, 5, 0), dms(5, 6, 0), dms(5, 7, 0)
VALIDATE_ERROR = dms(5, 9, 0)


def message(column: int, memory: int, number: int) -> Oid:
    """A cell of dmsMessageTable."""
    return dms(5, 8, 1, column, memory, number)


MULTI, OWNER, CRC, BEACON, PIXEL_SERVICE, RUN_PRIORITY, STATUS = range(3, 10)  # columns of dmsMessageTable

CONTROL_MODE, RESET, ACTIVATE, TIME_REMAINING = dms(6, 1, 0), dms(6, 2, 0), dms(6, 3, 0), dms(6, 4, 0)
TABLE_SOURCE, REQUESTER, SOURCE_MODE = dms(6, 5, 0), dms(6, 6, 0), dms(6, 7, 0)
SHORT_RECOVERY, LONG_RECOVERY, SHORT_LOSS_S = dms(6, 8, 0), dms(6, 9, 0), dms(6, 10, 0)
RESET_MESSAGE, COMM_LOSS, COMM_LOSS_MIN = dms(6, 11, 0), dms(6, 12, 0), dms(6, 13, 0)
POWER_LOSS, END_DURATION, MEMORY_MGMT = dms(6, 14, 0), dms(6, 15, 0), dms(6, 16, 0)
ACTIVATE_ERROR, MULTI_ERROR, MULTI_POSITION = dms(6, 17, 0), dms(6, 18, 0), dms(6, 19, 0)
MULTI_OTHER, ERROR_CODE = dms(6, 20, 0), dms(6, 24, 0)

ILLUM_CONTROL, ILLUM_LEVELS, ILLUM_STATUS, ILLUM_LEVEL = dms(7, 1, 0), dms(7, 4, 0), dms(7, 5, 0), dms(7, 6, 0)
SHORT_ERRORS = dms(9, 7, 1, 0)

MAX_GRAPHICS, NUM_GRAPHICS, MAX_GRAPHIC_SIZE = dms(10, 1, 0), dms(10, 2, 0), dms(10, 3, 0)
GRAPHIC_MEMORY, BLOCK_SIZE = dms(10, 4, 0), dms(10, 5, 0)


def graphic(column: int, row: int) -> Oid:
    """A cell of dmsGraphicTable."""
    return dms(10, 6, 1, column, row)


def block(row: int, number: int) -> Oid:
    """A block of a graphic's bitmap, numbered from 1."""
    return dms(10, 7, 1, 3, row, number)


(G_NUMBER, G_NAME, G_HEIGHT, G_WIDTH, G_TYPE, G_ID, G_TRANSPARENT, G_COLOUR, G_STATUS) = range(2, 11)

CLOCK: Final[Oid] = (*GLOBAL, 3, 1, 0)
DAYLIGHT: Final[Oid] = (*GLOBAL, 3, 2, 0)


def module(column: int, number: int = 1) -> Oid:
    """A cell of globalModuleTable: 3 make, 4 model, 5 version."""
    return (*GLOBAL, 1, 3, 1, column, number)
