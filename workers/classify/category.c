/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The table of categories: code, label, and what a category has when nothing
 * in the text moves it.
 */

#include <string.h>

#include "classify/classify.h"


struct lapor_category_row {
    const char          *code;
    const char          *label;
    enum lapor_urgency   urgency;
    enum lapor_function  function;
    int                  sensitive;
};


static const struct lapor_category_row *lapor_category_row(
    enum lapor_category category);


static const struct lapor_category_row  lapor_category_rows[] = {

    { "curas", "Begal, rampok, jambret (curas)",
      LAPOR_P1, LAPOR_RESKRIM, 0 },

    { "pencurian", "Pencurian (curat, curbis, curanmor)",
      LAPOR_P3, LAPOR_RESKRIM, 0 },

    { "penipuan_siber", "Penipuan, penggelapan, siber",
      LAPOR_P3, LAPOR_SIBER, 0 },

    { "tipidter", "Tindak pidana tertentu dan korupsi",
      LAPOR_P3, LAPOR_RESKRIM, 0 },

    { "penganiayaan", "Penganiayaan, pengeroyokan, pembunuhan",
      LAPOR_P1, LAPOR_RESKRIM, 0 },

    { "premanisme", "Premanisme, ancaman, pemerasan",
      LAPOR_P2, LAPOR_RESKRIM, 0 },

    { "tawuran", "Tawuran, geng motor, kerusuhan, unjuk rasa",
      LAPOR_P1, LAPOR_SAMAPTA, 0 },

    { "kdrt_anak", "KDRT dan kekerasan/penelantaran anak",
      LAPOR_P1, LAPOR_PPA_PPO, 1 },

    { "kekerasan_seksual", "Kekerasan seksual, eksploitasi, TPPO",
      LAPOR_P2, LAPOR_PPA_PPO, 1 },

    { "bom_teror", "Bom, senjata api, teror",
      LAPOR_P1, LAPOR_BRIMOB, 0 },

    { "narkoba", "Narkoba dan obat keras",
      LAPOR_P3, LAPOR_RESNARKOBA, 0 },

    { "pekat", "Perjudian, miras, prostitusi (pekat)",
      LAPOR_P3, LAPOR_SAMAPTA, 0 },

    { "ketertiban", "Gangguan ketertiban, sengketa warga",
      LAPOR_P3, LAPOR_SAMAPTA, 0 },

    { "laka_lantas", "Kecelakaan lalu lintas",
      LAPOR_P1, LAPOR_LANTAS, 0 },

    { "lalin", "Kemacetan dan pelanggaran lalu lintas",
      LAPOR_P3, LAPOR_LANTAS, 0 },

    { "kebakaran", "Kebakaran, ledakan, gas bocor",
      LAPOR_P1, LAPOR_SAMAPTA, 0 },

    { "bencana", "Bencana, pohon tumbang, evakuasi",
      LAPOR_P2, LAPOR_SAMAPTA, 0 },

    { "perairan", "Kejadian di laut, sungai, pelabuhan",
      LAPOR_P1, LAPOR_POLAIRUD, 0 },

    { "orang_hilang", "Orang hilang, penculikan, temuan mayat",
      LAPOR_P2, LAPOR_RESKRIM, 0 },

    { "darurat_medis", "Darurat medis, ODGJ, bunuh diri",
      LAPOR_P1, LAPOR_SAMAPTA, 0 },

    { "keluhan_polisi", "Keluhan atas anggota/pelayanan Polri",
      LAPOR_P3, LAPOR_PROPAM, 1 },

    { "layanan", "Pertanyaan layanan kepolisian",
      LAPOR_P4, LAPOR_PAMAPTA, 0 },

    { "bukan_laporan", "Salam, tes, terima kasih, obrolan, pembatalan",
      LAPOR_P4, LAPOR_OPERATOR, 0 },

    { "spam_prank", "Spam, iklan, prank, laporan iseng",
      LAPOR_P4, LAPOR_OPERATOR, 0 },

    { "instansi_lain", "Urusan instansi lain",
      LAPOR_P4, LAPOR_OPERATOR, 0 },

    { "ambigu", "Belum jelas, perlu ditanya",
      LAPOR_P3, LAPOR_OPERATOR, 0 }
};

_Static_assert(sizeof(lapor_category_rows) / sizeof(lapor_category_rows[0])
               == LAPOR_CATEGORIES, "one row a category");


static const char *const  lapor_function_codes[LAPOR_FUNCTIONS] = {
    "pamapta", "reskrim", "ppa_ppo", "siber", "resnarkoba", "lantas",
    "samapta", "intelkam", "binmas", "polairud", "brimob", "propam",
    "operator"
};


const char *
lapor_category_code(enum lapor_category category)
{
    return lapor_category_row(category)->code;
}


const char *
lapor_category_label(enum lapor_category category)
{
    return lapor_category_row(category)->label;
}


enum lapor_urgency
lapor_category_urgency(enum lapor_category category)
{
    return lapor_category_row(category)->urgency;
}


enum lapor_function
lapor_category_function(enum lapor_category category)
{
    return lapor_category_row(category)->function;
}


int
lapor_category_sensitive(enum lapor_category category)
{
    return lapor_category_row(category)->sensitive;
}


int
lapor_category_find(const char *code, enum lapor_category *ret_category)
{
    int  i;

    for (i = 0; i < LAPOR_CATEGORIES; i++) {
        if (strcmp(lapor_category_rows[i].code, code) == 0) {
            *ret_category = (enum lapor_category) i;
            return 0;
        }
    }

    return -1;
}


const char *
lapor_urgency_code(enum lapor_urgency urgency)
{
    switch (urgency) {

    case LAPOR_P1:
        return "P1";

    case LAPOR_P2:
        return "P2";

    case LAPOR_P4:
        return "P4";

    default:
        return "P3";
    }
}


const char *
lapor_function_code(enum lapor_function function)
{
    if ((unsigned) function >= LAPOR_FUNCTIONS) {
        function = LAPOR_OPERATOR;
    }

    return lapor_function_codes[function];
}


static const struct lapor_category_row *
lapor_category_row(enum lapor_category category)
{
    if ((unsigned) category >= LAPOR_CATEGORIES) {
        category = LAPOR_AMBIGU;
    }

    return &lapor_category_rows[category];
}
