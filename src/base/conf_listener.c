/* conf_listener: sections `listener "ADDRESS:PORT" { ... }`: limits of one listening address.
 *
 * No options of their own: a section takes those rows of smtp that are marked for it, and what it
 * does not say is as smtp says.  So each listener has a whole struct conf_smtp, and a session that
 * holds one needs not ask where a limit comes from.
 *
 * Decided against lists in them: a proxy or a certificate for one address only is nothing that
 * anybody has asked for, and copies of lists would have owners to keep apart.
 * SPDX-License-Identifier: ISC */
#include <confuse.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf_private.h"
#include "base/log.h"

int64_t *conf_listener_field(struct conf_listener *l, const struct conf_option *o)
{
	return (int64_t *)(void *)((char *)&l->smtp + (o->offset - offsetof(struct conf, smtp)));
}

static bool is_in(const struct conf_list *list, const char *address)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i], address) == 0)
			return true;
	}
	return false;
}

static const struct conf_listener *find(const struct conf *c, const char *address)
{
	for (size_t i = 0; i < c->listener_count; i++) {
		if (strcmp(c->listeners[i].address, address) == 0)
			return &c->listeners[i];
	}
	return NULL;
}

const struct conf_smtp *conf_smtp_at(const struct conf *c, const char *address)
{
	const struct conf_listener *l = find(c, address);

	return l ? &l->smtp : &c->smtp;
}

bool conf_has_listener(const struct conf *c, const char *address)
{
	return find(c, address) != NULL;
}

static bool take(struct conf *c, struct conf_listener *l, cfg_t *section, struct err *e)
{
	const char *address = cfg_title(section);
	char shown[60];

	l->address = mem_str(str_of(address));
	l->smtp = c->smtp;
	if (!is_in(&c->smtp.listen, address) && !is_in(&c->smtp.listen_tls, address))
		return err_set(e, ERR_INPUT,
			       CONF_LISTENER " \"%s\": no such address in smtp.listen or "
					     "smtp.listen_tls",
			       log_quote(str_of(address), shown, sizeof(shown)));
	for (const struct conf_option *o = conf_options; o->name; o++) {
		if (o->listener && cfg_size(section, o->name) > 0 &&
		    !conf_option_read(o, cfg_getstr(section, o->name),
				      conf_listener_field(l, o), e))
			return false;
	}
	return true;
}

bool conf_listeners_take(struct conf *c, cfg_t *root, struct err *e)
{
	unsigned n = cfg_size(root, CONF_LISTENER);

	c->listeners = mem_alloc((n + 1) * sizeof(*c->listeners));
	for (unsigned i = 0; i < n; i++) {
		c->listener_count++;
		if (!take(c, &c->listeners[i], cfg_getnsec(root, CONF_LISTENER, i), e))
			return false;
	}
	return true;
}

void conf_listeners_free(struct conf *c)
{
	for (size_t i = 0; i < c->listener_count; i++)
		free(c->listeners[i].address);
	free(c->listeners);
}
