/* XML in events, as far as a pom.xml needs it: no entities, no namespaces, no attributes. */
#ifndef RF_IMAGE_PKG_XML_INT_H
#define RF_IMAGE_PKG_XML_INT_H

#include "base/str.h"

enum xml_event {
	XML_END,
	XML_BAD, /* cut off inside a tag, comment or the like */
	XML_OPEN,
	XML_CLOSE,
	XML_TEXT,
};

struct xml {
	struct rf_str text;  /* what is still to be read */
	struct rf_str empty; /* an element without content whose end is still to be told */
};

/* *ret_text is the element's name, or the text. */
enum xml_event xml_next(struct xml *xml, struct rf_str *ret_text);

#endif
