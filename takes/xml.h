/* Text within XML and HTML. Any thread. */
#ifndef WOODSHED_TAKES_XML_H
#define WOODSHED_TAKES_XML_H

#include <stddef.h>
#include <stdio.h>

/* Writes `length` bytes of UTF-8 as content or as an attribute's value between double quotes. Control
 * characters, which have no place in XML 1.0, not even escaped, become blanks. */
void xml_put(FILE *to, const char *text, size_t length);

/* The whole of a text. */
void xml_put_text(FILE *to, const char *text);

#endif
