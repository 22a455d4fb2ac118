/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

#ifndef LAPOR_LIB_VERSION_H
#define LAPOR_LIB_VERSION_H


#define LAPOR_VERSION  "0.1.0"


#endif
