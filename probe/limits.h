/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every cap of the program in one place. A server can make us hold no more than these. */
#ifndef SP_PROBE_LIMITS_H
#define SP_PROBE_LIMITS_H

/* Dialogue. RFC 5321 §4.5.3.1.5 allows 512 octets a reply line; real servers exceed that. */
#define SP_LIMIT_REPLY_LINE 8192u   /* octets of one reply line, line end excluded */
#define SP_LIMIT_REPLY_LINES 256u   /* lines of one reply */
#define SP_LIMIT_REPLY_BYTES 32768u /* octets of one reply */
#define SP_LIMIT_REPLY_RAW 1024u    /* octets of a strange or bad reply kept to be shown */
#define SP_LIMIT_REPLIES 16u        /* replies kept of one session */
#define SP_LIMIT_CAPABILITIES 128u  /* EHLO keywords kept */
#define SP_LIMIT_PARAMS 128u        /* words kept behind one EHLO keyword; also AUTH mechanisms */
#define SP_LIMIT_TRANSCRIPT 65536u  /* octets of one transcript */
#define SP_LIMIT_COMMAND 512u       /* RFC 5321 §4.5.3.1.4: command line with CRLF */

/* Connection buffers. */
#define SP_LIMIT_READ 16384u    /* one read from the socket */
#define SP_LIMIT_TLS_IN 65536u  /* ciphertext waiting for the TLS library */
#define SP_LIMIT_TLS_OUT 65536u /* ciphertext waiting for the socket */
#define SP_LIMIT_PENDING 16384u /* plaintext waiting for the socket */

/* Certificates. wolfSSL keeps at most nine; the parser's own cap stands above that. */
#define SP_LIMIT_CERTS 16u           /* certificates of one chain */
#define SP_LIMIT_CERT_BYTES 65536u   /* DER of one certificate */
#define SP_LIMIT_CHAIN_BYTES 131072u /* DER of one chain */
#define SP_LIMIT_NAMES 256u          /* subjectAltName entries kept */
#define SP_LIMIT_DER_DEPTH 24u       /* nesting of DER values */
#define SP_LIMIT_PATH_DEPTH 10u      /* certificates in one path, root included */
#define SP_LIMIT_PATH_TRIES 64u      /* signature checks spent on one chain */
#define SP_LIMIT_PROBLEMS 64u        /* problems listed of one chain */
#define SP_LIMIT_CA_FILE 33554432u   /* octets of one trust file */

/* Names. */
#define SP_LIMIT_HOST 255u         /* RFC 1035 §2.3.4 */
#define SP_LIMIT_ADDRESSES 32u     /* addresses kept of one name */
#define SP_LIMIT_TARGET_LINE 4096u /* octets of one target line */

/* Output. */
#define SP_LIMIT_WRITER 65536u         /* octets that wait for a file descriptor */
#define SP_LIMIT_WRITER_MEMORY 67108864u /* octets of an output that is kept in memory */
#define SP_LIMIT_LINE 65536u           /* octets of one piece of text while it is laid out */

/* One endpoint's whole memory of facts. */
#define SP_LIMIT_ARENA 1048576u

#endif
