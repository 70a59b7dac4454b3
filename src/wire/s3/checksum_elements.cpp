#include "wire/s3/checksum_elements.hpp"

namespace cloudshelf::s3 {

ChecksumElements read_checksums(Fields& fields) {
    ChecksumElements checksums;
    checksums.crc32 = fields.text("ChecksumCRC32");
    checksums.crc32c = fields.text("ChecksumCRC32C");
    checksums.crc64nvme = fields.text("ChecksumCRC64NVME");
    checksums.sha1 = fields.text("ChecksumSHA1");
    checksums.sha256 = fields.text("ChecksumSHA256");
    checksums.type = fields.text("ChecksumType");
    return checksums;
}

void write_checksums(XmlWriter& writer, const ChecksumElements& checksums) {
    writer.element("ChecksumCRC32", checksums.crc32);
    writer.element("ChecksumCRC32C", checksums.crc32c);
    writer.element("ChecksumCRC64NVME", checksums.crc64nvme);
    writer.element("ChecksumSHA1", checksums.sha1);
    writer.element("ChecksumSHA256", checksums.sha256);
    writer.element("ChecksumType", checksums.type);
}

}  // namespace cloudshelf::s3
