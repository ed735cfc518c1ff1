/* commands: all that mxkeep can be told, as one can read it from top to bottom.
 *
 * help, the check of options and words, and the man page follow this table; to add a command is
 * to add a function in its group's file and a row here.
 * SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdint.h>

#define MANY SIZE_MAX

const struct command commands[] = {
	{ "domain", "add", domain_add, 1, 1,
	  "primary= mode= unknown= subaddress= lifetime= max_size= rate=",
	  "NAME --primary HOST:PORT [--primary HOST:PORT]... [--mode backup|reflector] "
	  "[--unknown reject|defer|accept] [--subaddress CHAR|none] [--lifetime 30d] "
	  "[--max_size SIZE] [--rate N]",
	  "take mail for a domain" },
	{ "domain", "list", domain_list, 0, 0, "", "", "all domains" },
	{ "domain", "show", domain_show, 1, 1, "", "NAME", "the settings of a domain" },
	{ "domain", "set", domain_set, 2, MANY, "", "NAME KEY=VALUE...",
	  "change settings: primary mode unknown subaddress lifetime enabled max_size rate" },
	{ "domain", "remove", domain_remove, 1, 1, "force", "NAME [--force]",
	  "take no more mail for a domain; with --force delete what waits for it" },

	{ "recipient", "add", recipient_add, 2, MANY, "reject alias=",
	  "DOMAIN LOCALPART... [--reject | --alias ADDRESS]",
	  "add valid users, or with --reject users to be refused, or an alias; one * makes a "
	  "pattern" },
	{ "recipient", "import", recipient_import, 2, 2, "replace force",
	  "DOMAIN FILE [--replace [--force]]",
	  "add the users of a text or CSV file, - is standard input; with --replace they are the "
	  "whole list" },
	{ "recipient", "list", recipient_list, 1, 1,
	  "limit= after=", "DOMAIN [--limit N] [--after LOCALPART]", "the list of valid users" },
	{ "recipient", "remove", recipient_remove, 2, MANY, "", "DOMAIN LOCALPART...",
	  "remove users from the list" },
	{ "recipient", "forget", recipient_forget, 1, MANY, "all",
	  "DOMAIN LOCALPART... | DOMAIN --all",
	  "forget what the primary said of users, learned or probed" },

	{ "policy", "show", policy_show, 1, 1, "", "DOMAIN|all",
	  "every setting of a policy, and where its value comes from" },
	{ "policy", "set", policy_set, 2, MANY, "", "DOMAIN|all NAME=VALUE...",
	  "change settings of a policy; default takes one back; mxkeep-policy(7) tells them all" },

	{ "policy", "report", policy_report, 1, 1, "", "DOMAIN|all",
	  "what each check refused, would have refused and passed, in the last day and week" },

	{ "policy", "test", policy_test, 1, 1, "client= helo= from= to=",
	  "DOMAIN --client ADDRESS [--helo NAME] [--from ADDRESS] [--to ADDRESS]",
	  "run all checks for a mail that nobody sends, and tell the verdict of each" },

	{ "allow", "add", access_add, 1, MANY, "domain= recipient",
	  "ENTRY... [--domain DOMAIN] [--recipient]",
	  "let clients, senders or recipients past all checks but that of the recipient" },
	{ "allow", "list", access_list, 0, 0, "domain= limit= skip=",
	  "[--domain DOMAIN] [--limit N] [--skip N]", "the entries of the allow-list" },
	{ "allow", "remove", access_remove, 1, MANY, "domain= recipient",
	  "ENTRY... [--domain DOMAIN] [--recipient]", "remove entries of the allow-list" },
	{ "deny", "add", access_add, 1, MANY, "domain= recipient",
	  "ENTRY... [--domain DOMAIN] [--recipient]",
	  "refuse clients, senders or recipients" },
	{ "deny", "list", access_list, 0, 0, "domain= limit= skip=",
	  "[--domain DOMAIN] [--limit N] [--skip N]", "the entries of the deny-list" },
	{ "deny", "remove", access_remove, 1, MANY, "domain= recipient",
	  "ENTRY... [--domain DOMAIN] [--recipient]", "remove entries of the deny-list" },
	{ "greylist", "list", greylist_list, 0, 1, "known limit=", "[DOMAIN] [--known] [--limit N]",
	  "clients that were told to come back, or with --known those that did" },
	{ "greylist", "forget", greylist_forget, 1, 2, "", "DOMAIN|all [CLIENT]",
	  "forget a client, or all of a domain" },

	{ "queue", "list", queue_list, 0, 0, "domain= state= limit= after=",
	  "[--domain DOMAIN] [--state queued|held|failed] [--limit N] [--after ID]",
	  "what waits, oldest first" },
	{ "queue", "show", queue_show, 1, 1, "headers", "ID [--headers]", "one message" },
	{ "queue", "hold", queue_hold, 1, 1, "", "ID", "keep a message until it is released" },
	{ "queue", "release", queue_release, 1, 1, "", "ID", "deliver a message that was held" },
	{ "queue", "delete", queue_delete, 1, 1, "", "ID",
	  "delete a message for all recipients that wait" },
	{ "queue", "flush", queue_flush, 0, 1, "", "[DOMAIN]", "try now what is queued" },

	{ "failed", "list", failed_list, 0, 0, "domain= limit= after=",
	  "[--domain DOMAIN] [--limit N] [--after ID]", "what a primary refused for good" },
	{ "failed", "show", failed_show, 1, 1, "headers", "ID [--headers]", "one message" },
	{ "failed", "retry", failed_retry, 0, 1, "all domain=", "ID | --all [--domain DOMAIN]",
	  "try to deliver it once more" },
	{ "failed", "delete", failed_delete, 0, 1, "all domain=", "ID | --all [--domain DOMAIN]",
	  "give it up" },

	{ "session", "list", session_list, 0, 0, "limit=", "[--limit N]",
	  "the open SMTP sessions, oldest first" },

	{ "status", "", status_show, 0, 0, "all", "[--all]",
	  "the daemon, its domains and their primaries; of more than 50 domains those that need "
	  "looking at" },
	{ "explain", "", explain_show, 1, 1, "", "ID",
	  "what became of a message, or why it is still here" },
	{ "audit", "", audit_list, 0, 0, "limit=", "[--limit N]", "who changed what" },
};

const size_t command_count = COUNT(commands);
