/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

#ifndef LAPOR_LIB_VERSION_H
#define LAPOR_LIB_VERSION_H


#define LAPOR_VERSION  "0.1.0"

/*
 * The last migration of schema/ that the statements of these programs were
 * written for; on any other they exit 78 (t/schema/version.t).
 */
#define LAPOR_SCHEMA_VERSION  11


#endif
