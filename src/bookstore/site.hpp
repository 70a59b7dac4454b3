#pragma once

#include "bookstore/catalogue.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// The bookstore's static site, made of its catalogue. Pure: the same books and options give the same bytes.
namespace cloudshelf::bookstore {

struct SiteOptions {
    std::string api = "https://api.cloudshelf.com";  // whom the search asks; no slash behind
    std::string url = "https://www.cloudshelf.com";  // where the site will be, for its sitemap; no slash behind
    std::size_t books_per_page = 24;
    std::size_t pages_max = 50;  // of all books, and of each category; the search finds the others
};

struct SiteFile {
    std::string path;  // "assets/site.0123456789ab.css": the key in the bucket
    std::string content_type;
    std::string cache_control;
    std::string body;
};

struct Site {
    std::string release;  // 16 hexadecimal digits, of everything below
    /// In the order of publishing: what pages need before the pages, and "index.html" last. Whoever stops in between
    /// leaves a site whose links all lead somewhere.
    std::vector<SiteFile> files;
};

/// Assets carry 12 digits of their SHA-256 in their names and never change; pages are looked at again each minute, and
/// may be shown for a day when their origin is away (RFC 5861).
Site make_site(const std::vector<Book>& books, const SiteOptions& options);

/// What identifies these files together: paths, types, ages and bytes.
std::string release_of(const std::vector<SiteFile>& files);

/// Text as HTML's text or a quoted attribute.
std::string html(std::string_view text);

/// "Science Fiction" → "science-fiction": a-z, 0-9 and single hyphens, never empty.
std::string slug(std::string_view name);

}  // namespace cloudshelf::bookstore
