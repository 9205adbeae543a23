"""Result codes of HuiDu cards: numbers in packets, names in XML (vendor SDK_FullColor pages, order of the SDK's
enumeration)."""

_NAMES = (
    "kSuccess",
    "kWriteFinish",
    "kProcessError",
    "kVersionTooLow",
    "kDeviceOccupa",
    "kFileOccupa",
    "kReadFileExcessive",
    "kInvalidPacketLen",
    "kInvalidParam",
    "kNotSpaceToSave",
    "kCreateFileFailed",
    "kWriteFileFailed",
    "kReadFileFailed",
    "kInvalidFileData",
    "kFileContentError",
    "kOpenFileFailed",
    "kSeekFileFailed",
    "kRenameFailed",
    "kFileNotFound",
    "kFileNotFinish",
    "kXmlCmdTooLong",
    "kInvalidXmlIndex",
    "kParseXmlFailed",
    "kInvalidMethod",
    "kMemoryFailed",
    "kSystemError",
    "kUnsupportVideo",
    "kNotMediaFile",
    "kParseVideoFailed",
    "kUnsupportFrameRate",
    "kUnsupportResolution",
    "kUnsupportFormat",
    "kUnsupportDuration",
    "kDownloadFileFailed",
    "kScreenNodeIsNull",
    "kNodeExist",
    "kNodeNotExist",
    "kPluginNotExist",
    "kCheckLicenseFailed",
    "kNotFoundWifiModule",
    "kTestWifiUnsuccessful",
    "kRunningError",
    "kUnsupportMethod",
    "kInvalidGUID",
    "kFirmwareFormatError",
    "kTagNotFound",
    "kAttrNotFound",
    "kCreateTagFailed",
    "kUnsupportDeviceType",
    "kPermissionDenied",
    "kPasswdTooSimple",
    "kDelayRespond",
    "kShortlyReturn",
)
_NUMBERS = {name: number for number, name in enumerate(_NAMES)}

SUCCESS = 0
WRITE_FINISH = 1
PROCESS_ERROR = 2
VERSION_TOO_LOW = 3
INVALID_PACKET_LEN = 7
NO_SPACE = 9
INVALID_FILE_DATA = 13
FILE_NOT_FOUND = 18
FILE_NOT_FINISH = 19
XML_TOO_LONG = 20
INVALID_XML_INDEX = 21
PARSE_XML_FAILED = 22
INVALID_METHOD = 23
NODE_NOT_EXIST = 36
UNSUPPORT_METHOD = 42
INVALID_GUID = 43

DOWNLOADING = "kDownloadingFile"  # only in XML: the card still fetches a file by itself


def name_of(code: int) -> str:
    """The vendor's name of a code; the number where it has none."""
    return _NAMES[code] if 0 <= code < len(_NAMES) else str(code)


def code_of(name: str) -> int | None:
    """The number of a result's name; None for a name that nobody documents."""
    return _NUMBERS.get(name)
