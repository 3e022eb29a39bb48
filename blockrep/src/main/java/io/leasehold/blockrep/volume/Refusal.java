package io.leasehold.blockrep.volume;

/** Why a call on a file system is refused. An ordinary answer; nothing was changed. */
public enum Refusal {
    /** No entry of that name. */
    NO_ENTRY,
    /** The file is not there any more, though the caller still had its id. */
    GONE,
    EXISTS,
    NOT_A_DIRECTORY,
    IS_A_DIRECTORY,
    NOT_EMPTY,
    /** A directory cannot become part of itself, a range cannot be negative, … */
    INVALID,
    NAME_TOO_LONG,
    FILE_TOO_LARGE,
    TOO_MANY_LINKS,
    /** No space, except the reserve for the DHCP server. */
    NO_SPACE,
    NO_ATTRIBUTE,
    NOT_SUPPORTED,
    NOT_PERMITTED,
    /** There is no data, or no hole, behind that offset. */
    NO_SUCH_OFFSET
}
