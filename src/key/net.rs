//! Addresses.
//!
//! An `Ipv4Addr` is its 4 bytes, an `Ipv6Addr` its 16. An `IpAddr` has `04` or `06` before them:
//! 127.0.0.1 is `04 7F 00 00 01`. A `SocketAddr` is the same with port (`u16`) and, for version 6,
//! flow information and scope (`u32` each) behind the address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::whole_prefix;
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

const V4: u8 = 4;
const V6: u8 = 6;

macro_rules! address_key {
    ($($address:ident $width:literal $name:literal)+) => {$(
        impl KeyRef<$address> for $address {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.octets());
            }
        }
        impl KeyPart for $address {
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                reader.array::<$width>().map(Self::from)
            }
            fn shape() -> Shape {
                Shape::leaf($name)
            }
        }
        whole_prefix! { $address }
    )+};
}

address_key! { Ipv4Addr 4 "ipv4" Ipv6Addr 16 "ipv6" }

impl KeyRef<SocketAddrV4> for SocketAddrV4 {
    fn encode(&self, out: &mut Vec<u8>) {
        self.ip().encode(out);
        self.port().encode(out);
    }
}

impl KeyPart for SocketAddrV4 {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        Ok(Self::new(Ipv4Addr::decode(reader)?, u16::decode(reader)?))
    }

    fn shape() -> Shape {
        Shape::fields([Ipv4Addr::shape(), u16::shape()])
    }
}

impl KeyRef<SocketAddrV6> for SocketAddrV6 {
    fn encode(&self, out: &mut Vec<u8>) {
        self.ip().encode(out);
        self.port().encode(out);
        self.flowinfo().encode(out);
        self.scope_id().encode(out);
    }
}

impl KeyPart for SocketAddrV6 {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let ip = Ipv6Addr::decode(reader)?;
        let port = u16::decode(reader)?;
        Ok(Self::new(
            ip,
            port,
            u32::decode(reader)?,
            u32::decode(reader)?,
        ))
    }

    fn shape() -> Shape {
        let number = u32::shape;
        Shape::fields([Ipv6Addr::shape(), u16::shape(), number(), number()])
    }
}

whole_prefix! { SocketAddrV4 }
whole_prefix! { SocketAddrV6 }

/// What is of one of two versions: its version, then as that version is.
macro_rules! versioned_key {
    ($($address:ident: $v4:ident | $v6:ident;)+) => {$(
        impl KeyRef<$address> for $address {
            fn encode(&self, out: &mut Vec<u8>) {
                match self {
                    Self::V4(address) => {
                        out.push(V4);
                        address.encode(out);
                    }
                    Self::V6(address) => {
                        out.push(V6);
                        address.encode(out);
                    }
                }
            }
        }
        impl KeyPart for $address {
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                let offset = reader.offset();
                match reader.byte()? {
                    V4 => $v4::decode(reader).map(Self::V4),
                    V6 => $v6::decode(reader).map(Self::V6),
                    _ => Err(KeyError::new(offset, "an address of neither version")),
                }
            }
            fn shape() -> Shape {
                let (v4, v6) = ($v4::shape(), $v6::shape());
                Shape::variants([(u16::from(V4), Some(v4)), (u16::from(V6), Some(v6))])
            }
            const DEPTH: u32 = 2;
        }
        whole_prefix! { $address }
    )+};
}

versioned_key! {
    IpAddr: Ipv4Addr | Ipv6Addr;
    SocketAddr: SocketAddrV4 | SocketAddrV6;
}
