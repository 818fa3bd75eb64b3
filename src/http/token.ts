/** A token (RFC 9110, 5.6.2), such as the name of a header, as a part of regular expressions. */
export const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
