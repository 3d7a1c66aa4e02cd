/* A pull reader: every call consumes what it tells of, so that the work is one pass. */
#include "image/pkg/xml_int.h"

#include "image/pkg/pkg_int.h"

/* What is neither element nor text, from its first bytes to its last. */
static const struct {
	struct rf_str begin, end;
	bool is_text;
} others[] = {
	{RF_STR("<!--"), RF_STR("-->"), false},
	{RF_STR("<![CDATA["), RF_STR("]]>"), true},
	{RF_STR("<?"), RF_STR("?>"), false},
	{RF_STR("<!"), RF_STR(">"), false},
};

/* The name at the beginning of a tag's inside. */
static struct rf_str tag_name(struct rf_str inside)
{
	size_t len = 0;

	while (len < inside.len && !strchr(" \t\r\n/", inside.ptr[len]))
		len++;
	return pkg_head(inside, len);
}

static enum xml_event take_tag(struct xml *xml, struct rf_str *ret_text)
{
	size_t len = pkg_find(xml->text, RF_STR(">"));
	struct rf_str inside;

	if (len == xml->text.len)
		return XML_BAD;
	inside = pkg_skip(pkg_head(xml->text, len), 1);
	xml->text = pkg_skip(xml->text, len + 1);
	if (rf_str_starts(inside, RF_STR("/"))) {
		*ret_text = tag_name(pkg_skip(inside, 1));
		return XML_CLOSE;
	}
	*ret_text = tag_name(inside);
	if (rf_str_ends(inside, RF_STR("/")))
		xml->empty = *ret_text;
	return XML_OPEN;
}

/* False when the text begins with a tag; *ret is set otherwise, to XML_END for nothing to tell. */
static bool take_other(struct xml *xml, struct rf_str *ret_text, enum xml_event *ret)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(others); i++) {
		struct rf_str rest;
		size_t len;

		if (!rf_str_starts(xml->text, others[i].begin))
			continue;
		rest = pkg_skip(xml->text, others[i].begin.len);
		len = pkg_find(rest, others[i].end);
		*ret = len == rest.len ? XML_BAD : others[i].is_text ? XML_TEXT : XML_END;
		*ret_text = pkg_head(rest, len);
		if (*ret != XML_BAD)
			xml->text = pkg_skip(rest, len + others[i].end.len);
		return true;
	}
	return false;
}

enum xml_event xml_next(struct xml *xml, struct rf_str *ret_text)
{
	enum xml_event event;

	if (xml->empty.ptr) {
		*ret_text = xml->empty;
		xml->empty = RF_STR_NONE;
		return XML_CLOSE;
	}
	while (xml->text.len) {
		if (xml->text.ptr[0] != '<') {
			*ret_text = pkg_head(xml->text, pkg_find(xml->text, RF_STR("<")));
			xml->text = pkg_skip(xml->text, ret_text->len);
			return XML_TEXT;
		}
		if (!take_other(xml, ret_text, &event))
			return take_tag(xml, ret_text);
		if (event != XML_END)
			return event;
	}
	return XML_END;
}
