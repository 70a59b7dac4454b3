#pragma once

/// Files of this folder that are part of the program.
namespace cloudshelf::bookstore::embedded {

extern const char* const schema;     // schema.sql
extern const char* const catalogue;  // data/catalogue.tsv

}  // namespace cloudshelf::bookstore::embedded
