#pragma once

/// Files of this folder that are part of the program.
namespace cloudshelf::bookstore::embedded {

extern const char* const schema;     // schema.sql
extern const char* const catalogue;  // data/catalogue.tsv
extern const char* const site_css;   // site/site.css
extern const char* const site_js;    // site/site.js
extern const char* const site_logo;  // site/logo.svg

}  // namespace cloudshelf::bookstore::embedded
