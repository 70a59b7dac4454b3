#include "io/certificates.hpp"

#include "io/file.hpp"
#include "io/openssl.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <arpa/inet.h>

namespace cloudshelf::io {
namespace {

using namespace openssl;

std::unexpected<Error> refused(const std::string& what) {
    return fail("io.certificate", fmt::format("{}: {}", what, last_error()));
}

Result<std::string> written(auto write) {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!bio || write(bio.get()) != 1) return refused("PEM cannot be written");
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

/// The key first: whoever sees the new certificate finds its key there.
Result<void> write_pair(const CertificateFiles& files, X509* certificate, EVP_PKEY* key) {
    const auto key_text =
        written([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
    const auto text = written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
    if (!key_text) return fail(key_text.error());
    if (!text) return fail(text.error());
    if (const auto done = replace_file(files.key, *key_text, 0600); !done) return done;
    return replace_file(files.certificate, *text, 0644);
}

/// 159 random bits: nobody can guess the next one, and it stays positive (RFC 5280 §4.1.2.2).
bool set_random_serial(X509* certificate) {
    const std::unique_ptr<BIGNUM, Free<BN_free>> number(BN_new());
    return number && BN_rand(number.get(), 159, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())
    );
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// A certificate without extensions and signature.
Certificate draft(const std::string& name, const Validity& validity, EVP_PKEY* key) {
    Certificate certificate(X509_new());
    if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1) return nullptr;
    const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    const bool ok = set_random_serial(certificate.get()) &&
                    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
                    ASN1_TIME_set(X509_getm_notBefore(certificate.get()), validity.from.time_since_epoch().count()) &&
                    ASN1_TIME_set(X509_getm_notAfter(certificate.get()), validity.until.time_since_epoch().count()) &&
                    X509_set_pubkey(certificate.get(), key) == 1;
    return ok ? std::move(certificate) : nullptr;
}

/// Names go into a text that OpenSSL takes apart at commas: what is no name must not get there.
Result<std::string> alternative_names(const CertificateRequest& request) {
    std::vector<std::string> names;
    constexpr const char* usual = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    for (const auto& name : request.dns_names) {
        if (name.empty() || name.find_first_not_of(usual) != std::string::npos) {
            return fail("io.certificate", fmt::format("\"{}\" is no DNS name", name));
        }
        names.push_back("DNS:" + name);
    }
    for (const auto& address : request.addresses) {
        in_addr parsed{};
        if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1) {
            return fail("io.certificate", fmt::format("\"{}\" is no IPv4 address", address));
        }
        names.push_back("IP:" + address);
    }
    if (names.empty()) return fail("io.certificate", "a certificate needs a name or an address");
    return fmt::format("{}", fmt::join(names, ","));
}

std::string common_name(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0) return {};
    const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    return {
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))
    };
}

}  // namespace

Validity Validity::days(int count) {
    const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    return {.from = now - std::chrono::hours(1), .until = now + std::chrono::days(count)};
}

Result<void> make_authority(CertificateFiles files, std::string name, Validity validity) {
    const Key key(EVP_EC_gen("P-256"));
    if (!key) return refused("a key cannot be made");
    const Certificate certificate = draft(name, validity, key.get());
    X509* raw = certificate.get();
    const bool made = certificate && X509_set_issuer_name(raw, X509_get_subject_name(raw)) == 1 &&
                      extend(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                      extend(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                      extend(raw, raw, NID_subject_key_identifier, "hash") &&
                      X509_sign(raw, key.get(), EVP_sha256()) != 0;
    if (!made) return refused("the authority cannot be made");
    return write_pair(files, raw, key.get());
}

Result<void> issue_certificate(CertificateFiles authority, CertificateRequest request, CertificateFiles files) {
    const auto issuer_text = read_file(authority.certificate);
    const auto issuer_key_text = read_file(authority.key);
    const auto names = alternative_names(request);
    if (!issuer_text) return fail(issuer_text.error());
    if (!issuer_key_text) return fail(issuer_key_text.error());
    if (!names) return fail(names.error());
    const Certificate issuer = parse_certificate(*issuer_text);
    const Key issuer_key = parse_key(*issuer_key_text);
    if (!issuer || !issuer_key) return refused(authority.certificate.string() + " and its key cannot be used");
    const Key key(EVP_EC_gen("P-256"));
    if (!key) return refused("a key cannot be made");
    const Certificate certificate = draft(request.name, request.validity, key.get());
    X509* raw = certificate.get();
    const char* uses = request.use == CertificateUse::site ? "serverAuth,clientAuth" : "clientAuth";
    const bool made = certificate && X509_set_issuer_name(raw, X509_get_subject_name(issuer.get())) == 1 &&
                      extend(raw, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                      extend(raw, issuer.get(), NID_key_usage, "critical,digitalSignature") &&
                      extend(raw, issuer.get(), NID_ext_key_usage, uses) &&
                      extend(raw, issuer.get(), NID_subject_alt_name, *names) &&
                      extend(raw, issuer.get(), NID_subject_key_identifier, "hash") &&
                      extend(raw, issuer.get(), NID_authority_key_identifier, "keyid:always") &&
                      X509_sign(raw, issuer_key.get(), EVP_sha256()) != 0;
    if (!made) return refused("a certificate for " + request.name + " cannot be made");
    return write_pair(files, raw, key.get());
}

Result<CertificateInfo> read_certificate(const std::filesystem::path& file) {
    const auto text = read_file(file, 1 << 20);
    if (!text) return fail(text.error());
    const Certificate certificate = parse_certificate(*text);
    if (!certificate) return refused(file.string());
    CertificateInfo info{
        .subject = common_name(X509_get_subject_name(certificate.get())),
        .issuer = common_name(X509_get_issuer_name(certificate.get())),
        .from = moment(X509_get0_notBefore(certificate.get())),
        .until = moment(X509_get0_notAfter(certificate.get())),
    };
    const std::unique_ptr<BIGNUM, Free<BN_free>> number(
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.get()), nullptr)
    );
    if (char* digits = number ? BN_bn2hex(number.get()) : nullptr) {
        info.serial = digits;
        OPENSSL_free(digits);
    }
    const std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr))
    );
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
        const ASN1_STRING* value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
        const unsigned char* bytes = ASN1_STRING_get0_data(value);
        const int size = ASN1_STRING_length(value);
        if (name->type == GEN_DNS) {
            info.dns_names.emplace_back(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
        } else if (size == 4) {
            info.addresses.push_back(fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]));
        }
    }
    return info;
}

Result<void> check_pair(std::string_view certificate, std::string_view key) {
    const Certificate parsed = parse_certificate(certificate);
    if (!parsed) return refused("no certificate");
    const Key parsed_key = parse_key(key);
    if (!parsed_key) return refused("no key");
    if (X509_check_private_key(parsed.get(), parsed_key.get()) != 1) return refused("not the certificate's key");
    return {};
}

}  // namespace cloudshelf::io
