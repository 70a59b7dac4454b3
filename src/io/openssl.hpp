#pragma once

// OpenSSL's objects, owned; for io's own files, and for drivers that speak TLS in a way of their own.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

namespace cloudshelf::io::openssl {

template <auto function>
struct Free {
    template <class Object>
    void operator()(Object* object) const {
        function(object);
    }
};
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;

/// The oldest error of this thread, in words; the others are forgotten.
inline std::string last_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));  // of a file that cannot be opened
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unknown error" : reason;
}

inline Bio reading(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Keys of ours have no passphrase; without this OpenSSL would ask for one at the terminal.
inline int no_passphrase(char*, int, int, void*) {
    return -1;
}

inline Certificate parse_certificate(std::string_view pem) {
    const Bio bio = reading(pem);
    return Certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
}
inline Key parse_key(std::string_view pem) {
    const Bio bio = reading(pem);
    return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
}

inline std::chrono::sys_seconds moment(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace cloudshelf::io::openssl
